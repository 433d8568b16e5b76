<?php
// Makes a site in its folder: a user who edits, one who writes, and an application password for each, as JSON.
// Arguments: the address of the site, then NAME:ROLE for each user.
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url($argv[1], PHP_URL_HOST) . ':' . parse_url($argv[1], PHP_URL_PORT);
require __DIR__ . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('Site', 'admin', 'admin@example.com', true, '', 'canary-of-the-administrator');
$passwords = [];
foreach (array_slice($argv, 2) as $user) {
    [$name, $role] = explode(':', $user);
    $id = wp_insert_user([
        'user_login' => $name, 'user_pass' => "canary-of-$name", 'user_email' => "$name@example.com", 'role' => $role,
    ]);
    [$passwords[$name]] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'campanile']);
}
echo json_encode($passwords), "\n";
