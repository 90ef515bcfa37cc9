//! The lists of content packages.

use domain::package::Category;
use store::packages;
use voice::messages::{FreeContent, MAX_PIECES, Piece, Premium};
use voice::{Price, Screen, UserText};

use super::{Dispatcher, Guest};
use crate::action::Action;
use crate::error::HandlerError;

impl Dispatcher {
    pub(super) async fn free_content(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let message = FreeContent {
            name: guest.name(),
            pieces: self.pieces(Category::FreeContent).await?,
        };
        Ok(self.with_back(self.say(guest, &message)?))
    }

    pub(super) async fn premium(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let message = Premium {
            name: guest.name(),
            pieces: self.pieces(Category::VipPremium).await?,
        };
        Ok(self.with_back(self.say(guest, &message)?))
    }

    async fn pieces(&self, category: Category) -> Result<Vec<Piece>, HandlerError> {
        let packages = packages::list_active(&self.store.read(), category, MAX_PIECES).await?;
        Ok(packages
            .into_iter()
            .map(|package| Piece {
                name: UserText::new(&package.name),
                price: package.price.map(Price),
            })
            .collect())
    }
}
