<?php
// PHP's own server asks this for every address: what is no file is WordPress's.
if (is_file(__DIR__ . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH))) {
    return false;
}
require __DIR__ . '/index.php';
