//! Between two checks the folder is put back: what one check's programs wrote must not decide the next one (invariant I11).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::error::Error;

/// The end of putting back; why it could not be done, for people.
pub type Refreshed = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// How a folder is put back to what a check is to find: tracked, sealed and carried files as they were given, what is
/// neither tracked nor ignored removed.
#[derive(Clone)]
pub struct Refresh(Arc<dyn Fn() -> Refreshed + Send + Sync>);

impl Refresh {
    /// By whoever made the folder.
    pub fn by(refresh: impl Fn() -> Refreshed + Send + Sync + 'static) -> Self {
        Self(Arc::new(refresh))
    }

    pub(super) async fn run(&self) -> Result<(), Error> {
        (self.0)().await.map_err(|reason| Error::Refresh { reason })
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refresh")
    }
}
