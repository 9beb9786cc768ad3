#include <dogs/os.h>

/* The door of src/cli; the header that declares it is private to that folder. */
int cli_main(int argc, char **argv);

int main(int argc, char **argv)
{
    return cli_main(argc, os_begin(argc, argv));
}
