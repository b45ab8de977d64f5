<?php
// A backend in PHP that knows its users: it greets each by openid.
//
// With php-fpm, behind nginx:
//
//     location = /api/hello {
//         include snippets/onlogin-guard.conf;
//         include snippets/onlogin-fastcgi.conf;
//         include fastcgi_params;
//         fastcgi_param SCRIPT_FILENAME /var/www/app/backend.php;
//         fastcgi_pass unix:/run/php/php-fpm.sock;
//     }
//
// Every other location that leads to PHP, as Debian's `location ~ \.php$`, needs
// `include snippets/onlogin-fastcgi.conf;` too: there it keeps the X-WX-* of clients out.
// backend.py shows how accounts of your own belong to openids.

$openid = $_SERVER['HTTP_X_WX_OPENID'] ?? '';

header('Content-Type: application/json; charset=utf-8');
if ($openid === '') {   // a location without the guard
    http_response_code(401);
    echo json_encode(['code' => 401, 'message' => 'who is it?', 'recover' => 'login']);
} else {
    echo json_encode(['code' => 0, 'message' => 'ok', 'data' => ['greeting' => "Hello, $openid"]]);
}
