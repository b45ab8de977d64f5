#pragma once

// Whose files those of an SQLite store are.

#include <string>

namespace onlogin {

// Where this process is root, it becomes the owner of the directory of `file` or, if that is root,
// of the file, and cannot become root again: real, effective and saved ids, and groups. So what
// SQLite makes there is the worker's, a link that the worker's user has put there leads root
// nowhere, and a file that he has made up is read with his rights. Root stays root where both are
// root's, or not there. Throws StoreUnreachable if that fails.
void become_owner(const std::string& file);

} // namespace onlogin
