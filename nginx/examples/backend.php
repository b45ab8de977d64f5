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
//
// With the locations /api/phone and @onlogin_phone of onlogin.conf, this one with onlogin-phone-fastcgi.conf,
// it gets a user's phone number, when the mini program posts the code of its getPhoneNumber button.

$openid = $_SERVER['HTTP_X_WX_OPENID'] ?? '';
$number = $_SERVER['HTTP_ONLOGIN_PHONE_NUMBER'] ?? '';
$path = rtrim(explode('?', $_SERVER['REQUEST_URI'] ?? '')[0], '/');

function answer(int $status, array $body): void
{
    http_response_code($status);
    header('Content-Type: application/json; charset=utf-8');
    echo json_encode($body);
}

if ($openid === '') {   // a location without the guard
    answer(401, ['code' => 401, 'message' => 'who is it?', 'recover' => 'login']);
} elseif ($path === '/api/phone' && $number === '') {   // not through the location of onlogin.conf
    answer(400, ['code' => 400, 'message' => 'no phone number', 'recover' => 'never']);
} else {
    // Keep '+' . $_SERVER['HTTP_ONLOGIN_PHONE_COUNTRY'] . ' ' . $number with the account of $openid; its end
    // is enough for the user to know it by.
    answer(200, ['code' => 0, 'message' => 'ok', 'data' => [
        'greeting' => "Hello, $openid",
        'phone' => $number === '' ? null : substr($number, -4),
    ]]);
}
