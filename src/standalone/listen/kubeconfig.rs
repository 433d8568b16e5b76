//! Kubeconfigs: how clients find the control plane and show who they are.

use std::{fs, io, path::Path};

use serde_json::{Value, json};

use super::{
    authority::{Authority, Identity},
    error::ListenError,
    private_file,
};

/// What a kubeconfig says.
#[derive(Debug)]
pub struct Kubeconfig<'a> {
    /// The name of its cluster and its context; also how we know a file as ours.
    pub name: &'a str,
    /// `https://127.0.0.1:6443`.
    pub server: &'a str,
    /// The user's name.
    pub user: &'a str,
    /// The namespace of commands that name none.
    pub namespace: &'a str,
}

impl Kubeconfig<'_> {
    /// Writes the kubeconfig with mode 0600, everything inline.
    ///
    /// # Errors
    /// Where it cannot be written, or a file that is not ours stands there.
    pub fn write(&self, path: &Path, authority: &Authority, identity: &Identity) -> Result<(), ListenError> {
        match fs::read_to_string(path) {
            Ok(text) if !self.is_ours(&text) => {
                return Err(ListenError::Unusable {
                    path: path.to_owned(),
                    why: "another kubeconfig stands there and is not overwritten; give another path"
                        .to_owned(),
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ListenError::file("read", path)(error)),
        }
        let text = serde_saphyr::to_string(&self.content(authority, identity)).unwrap_or_default();
        private_file::write(path, text.as_bytes()).map_err(ListenError::file("write", path))
    }

    fn is_ours(&self, text: &str) -> bool {
        let Ok(read) = serde_saphyr::from_str::<Value>(text) else {
            return false;
        };
        let clusters = read.get("clusters").and_then(Value::as_array);
        let names = clusters.into_iter().flatten().map(|cluster| cluster.get("name"));
        let names: Vec<_> = names.map(|name| name.and_then(Value::as_str)).collect();
        names == [Some(self.name)]
    }

    fn content(&self, authority: &Authority, identity: &Identity) -> Value {
        let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": self.name, "cluster": {
                "server": self.server,
                "certificate-authority-data": base64(authority.certificate()),
            }}],
            "users": [{"name": self.user, "user": {
                "client-certificate-data": base64(&identity.certificate),
                "client-key-data": base64(&identity.key),
            }}],
            "contexts": [{"name": self.name, "context": {
                "cluster": self.name, "user": self.user, "namespace": self.namespace,
            }}],
            "current-context": self.name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Kubeconfig<'_> = Kubeconfig {
        name: "test",
        server: "https://127.0.0.1:1",
        user: "bob",
        namespace: "default",
    };

    #[test]
    fn our_own_file_is_replaced_and_another_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::open(folder.path()).expect("an authority");
        let bob = authority.user("bob", &["editors".to_owned()]).expect("a user");
        let path = folder.path().join("kubeconfig");
        OURS.write(&path, &authority, &bob).expect("written");
        OURS.write(&path, &authority, &bob).expect("replaced");
        fs::write(&path, "clusters: [{name: production}]").expect("writable");
        let error = OURS.write(&path, &authority, &bob).expect_err("not ours");
        assert!(error.to_string().contains("not overwritten"), "{error}");
    }
}
