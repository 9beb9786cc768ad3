/* net_tls: https_server.py as a child process, and certificates made by the openssl command. */
#ifndef DOGS_TESTS_NET_TLS_H
#define DOGS_TESTS_NET_TLS_H

#include "unit.h"

#include <dogs/str.h>
#include <signal.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

/* https_server.py, which ends with its standard input. */
struct child {
    pid_t pid;
    int in, port;
};

static inline struct child start_python(const char *cert, const char *key)
{
    struct child c = {0};
    int in[2], out[2];
    char line[32];
    assert_int_equal(pipe(in) | pipe(out), 0);
    c.pid = fork();
    if (c.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        execlp("/usr/bin/python3", "python3", "tests/https_server.py", cert, key, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    c.in = in[1];
    size_t n = 0;
    while (n + 1 < sizeof line && read(out[0], line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    c.port = atoi(line);
    close(out[0]);
    assert_true(c.port > 0);
    return c;
}

static inline void stop_python(struct child *c)
{
    close(c->in);
    waitpid(c->pid, NULL, 0);
}

static inline void die_with_parent(void)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

/* nginx: files of 1 KiB "x" at /N; PUT of /put is stored, of /early answered before its body is
 * looked at. HTTP/1.1 and HTTP/2 over TLS; a connection ends after `requests`. pid 0 where there is
 * no nginx. */
static inline struct child start_nginx(const char *folder, int port, int requests)
{
    static const char conf[] =
        "daemon off;\nuser root;\nworker_processes 1;\npid nginx.pid;\nerror_log err.log;\n"
        "events { worker_connections 200; }\n"
        "http { access_log off; keepalive_requests %d; client_body_temp_path t1;\n"
        "proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n"
        "server { listen 127.0.0.1:%d ssl http2; ssl_certificate leaf.pem;\n"
        "ssl_certificate_key leaf.key; add_header x-connection $connection;\n"
        "location /early { return 200 ok; } location /put { dav_methods PUT; root .; }\n"
        "location / { rewrite ^ /kib break; root .; } } }\n";
    struct child c = {.port = port};
    char *path = xasprintf("%s/nginx.conf", folder), *kib = xasprintf("%s/kib", folder);
    if (system("command -v nginx >/dev/null 2>&1") == 0) {
        FILE *f = fopen(path, "w");
        fprintf(f, conf, requests, port);
        fclose(f);
        f = fopen(kib, "w");
        for (int i = 0; i < 1024; i++)
            fputc('x', f);
        fclose(f);
        c.pid = fork();
        if (c.pid == 0) {
            die_with_parent();
            execlp("nginx", "nginx", "-p", folder, "-c", "nginx.conf", "-e", "err.log", NULL);
            _exit(127);
        }
    }
    free(path);
    free(kib);
    return c;
}

static inline void stop_nginx(struct child *c)
{
    kill(c->pid, SIGTERM);
    waitpid(c->pid, NULL, 0);
}

static char certs[] = "/tmp/dogs-test-http-XXXXXX";

static inline char *cert_file(const char *name)
{
    return xasprintf("%s/%s", certs, name);
}

static inline void make_certs(void)
{
    static const char script[] =
        "cd %s && exec >/dev/null 2>&1 && key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' "
        "&& "
        "for ca in ca other self; do openssl req -x509 $key -days 2 -subj /CN=$ca -keyout $ca.key "
        "-out $ca.pem -addext subjectAltName=DNS:localhost || exit; done && "
        "openssl req $key -subj /CN=localhost -keyout leaf.key -out leaf.csr && "
        "echo subjectAltName=DNS:localhost > ext && openssl x509 -req -in leaf.csr -CA ca.pem "
        "-CAkey ca.key -CAcreateserial -days 2 -extfile ext -out leaf.pem";
    assert_non_null(mkdtemp(certs));
    char *command = xasprintf(script, certs);
    assert_int_equal(system(command), 0);
    free(command);
}

static inline int drop_certs(void)
{
    char *command = xasprintf("rm -r %s", certs);
    int failed = system(command);
    free(command);
    return failed;
}

#endif
