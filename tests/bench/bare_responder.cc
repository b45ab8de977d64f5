// The measure for our worker: what a FastCGI responder costs that does nothing, on bare libfcgi.

#include <fcgiapp.h>

int main()
{
    FCGX_Init();
    FCGX_Request request;
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        FCGX_PutS("Content-Type: application/json\r\n\r\n{\"code\":0}", request.out);
        FCGX_Finish_r(&request);
    }
    return 0;
}
