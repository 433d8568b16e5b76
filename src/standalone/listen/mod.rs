//! Who may connect: TLS, client certificates and tokens, and the kubeconfig that holds them.
