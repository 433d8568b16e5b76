//! The Kubernetes API over HTTP: paths, negotiation, discovery, OpenAPI, watches.
