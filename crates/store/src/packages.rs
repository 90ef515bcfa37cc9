//! Content packages, table `content_packages`.

use domain::clock::Timestamp;
use domain::id::PackageId;
use domain::money::Money;
use domain::package::{Category, PackageType};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::content_packages::{ActiveModel, Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::value::{Amount, At, Label, none_if_empty};

/// The most packages of a category that are considered for a list; beyond that, the oldest are left out.
pub const LISTED_AT_MOST: u64 = 1000;

/// A package to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPackage {
    /// Its name; the column holds 200 characters.
    pub name: String,
    /// What it is; the column holds 500 characters.
    pub description: Option<String>,
    /// What it costs; none is free.
    pub price: Option<Money>,
    /// Who it is for.
    pub category: Category,
    /// What it is made of.
    pub package_type: PackageType,
}

/// A package as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Row id.
    pub id: PackageId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// What it costs; none is free.
    pub price: Option<Money>,
    /// Who it is for.
    pub category: Category,
    /// What it is made of.
    pub package_type: PackageType,
    /// Whether it is shown.
    pub active: bool,
}

/// Makes an active package.
///
/// # Errors
/// Refused by PostgreSQL when a text is longer than its column.
pub async fn create(tx: &Tx, package: &NewPackage, now: Timestamp) -> Result<Package, StoreError> {
    let row = ActiveModel {
        name: Set(package.name.clone()),
        description: Set(package.description.clone()),
        price: Set(package.price.map(Amount)),
        category: Set(package.category.into()),
        package_type: Set(package.package_type.into()),
        media_url: Set(None),
        is_active: Set(true),
        created_at: Set(At(now)),
        updated_at: Set(At(now)),
        ..Default::default()
    };
    translate(row.insert(tx).await?)
}

/// The active packages of a category as people see them: first those without a price by name, then
/// by price, then by name. At most `limit`, of the newest [`LISTED_AT_MOST`].
///
/// # Errors
/// When the database does not answer.
pub async fn list_active(
    db: &impl Connection,
    category: Category,
    limit: usize,
) -> Result<Vec<Package>, StoreError> {
    let rows = Entity::find()
        .filter(Column::IsActive.eq(true))
        .filter(Column::Category.eq(Label::from(category)))
        .order_by_desc(Column::Id)
        .limit(LISTED_AT_MOST)
        .all(db)
        .await?;
    let mut packages = rows.into_iter().map(translate).collect::<Result<Vec<_>, _>>()?;
    // Sorted here: the databases order letters and empty prices differently.
    packages.sort_by_cached_key(|package| (package.price, package.name.to_lowercase(), package.id));
    packages.truncate(limit);
    Ok(packages)
}

fn translate(row: Model) -> Result<Package, StoreError> {
    let unreadable = |_| StoreError::Unreadable("category or type of a package".to_owned());
    Ok(Package {
        id: PackageId(row.id),
        name: row.name,
        description: none_if_empty(row.description),
        price: row.price.map(|price| price.0),
        category: row.category.get().map_err(unreadable)?,
        package_type: row.package_type.get().map_err(unreadable)?,
        active: row.is_active,
    })
}
