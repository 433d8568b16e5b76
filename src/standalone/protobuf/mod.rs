//! Bodies that kubectl and Helm post as protobuf. Pure.
