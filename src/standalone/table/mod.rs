//! How objects look in the columns of a Table. Pure.
