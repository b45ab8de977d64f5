#include "options.hh"

#include <cstdlib>

#include <getopt.h>

namespace onlogin {

const char* const usage =
    "usage: onlogin [-c FILE]       serve\n"
    "       onlogin -t [-c FILE]    check the configuration\n"
    "       onlogin -V | -h         version | this help\n"
    "\n"
    "Logs WeChat mini-program users in: trades the code of wx.login for the openid.\n"
    "A web server starts it or speaks to it: as a FastCGI responder when descriptor 0 is a\n"
    "listening socket (spawn-fcgi, systemd), as a CGI program when the environment holds a\n"
    "request. For example:\n"
    "\n"
    "    spawn-fcgi -n -s /run/onlogin/onlogin.sock -- onlogin -c /etc/onlogin/onlogin.json\n"
    "\n"
    "  -c FILE  configuration; else $ONLOGIN_CONFIG, else /etc/onlogin/onlogin.json\n"
    "  -t       check the configuration as a start would, print one line, exit 0 or 1\n"
    "\n"
    "SIGTERM or SIGINT stops when what is in flight is answered, a second one at once;\n"
    "SIGHUP reads the configuration again.\n";

Options parse_options(int argc, char* const* argv)
{
    Options options;
    opterr = 0;
    optind = 1;
    for (int option = 0; (option = getopt(argc, argv, ":c:tVh")) != -1;) {
        switch (option) {
        case 'c':
            options.config_file = optarg;
            break;
        case 't':
            options.command = Options::Command::Check;
            break;
        case 'V':
            options.command = Options::Command::Version;
            break;
        case 'h':
            options.command = Options::Command::Help;
            break;
        case ':':
            throw UsageError{std::string{"-"} + static_cast<char>(optopt) + " needs a file"};
        default:
            throw UsageError{std::string{"unknown option -"} + static_cast<char>(optopt)};
        }
    }
    if (optind < argc)
        throw UsageError{std::string{"unknown command "} + argv[optind]};
    if (options.config_file.empty()) {
        const char* const named = getenv("ONLOGIN_CONFIG");
        options.config_file = named && *named ? named : "/etc/onlogin/onlogin.json";
    }
    return options;
}

} // namespace onlogin
