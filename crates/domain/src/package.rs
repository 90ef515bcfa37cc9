//! Kinds of content packages.

use std::fmt;
use std::str::FromStr;

use crate::role::labels;

/// Who a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Everybody.
    FreeContent,
    /// Members.
    VipContent,
    /// Members, for a price.
    VipPremium,
}

labels!(Category, "category", {
    FreeContent = "FREE_CONTENT",
    VipContent = "VIP_CONTENT",
    VipPremium = "VIP_PREMIUM",
});

/// What a package is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackageType {
    /// A single piece.
    Standard,
    /// Several pieces sold together.
    Bundle,
    /// A collection that grows.
    Collection,
}

labels!(PackageType, "package type", {
    Standard = "STANDARD",
    Bundle = "BUNDLE",
    Collection = "COLLECTION",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_back() {
        for category in Category::ALL {
            assert_eq!(category.label().parse(), Ok(*category));
        }
        for package_type in PackageType::ALL {
            assert_eq!(package_type.label().to_lowercase().parse(), Ok(*package_type));
        }
    }
}
