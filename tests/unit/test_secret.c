/* No password survives being shown; all else does. */
#include "tests/unit/test.h"

#include "core/secret.h"

static void expect(const char *url, const char *expected)
{
    struct text t;
    text_init(&t, 1000);
    secret_mask(&t, url);
    assert_string_equal(text_str(&t), expected);
    text_done(&t);
}

static void of_a_hook_only_scheme_and_host_are_shown(void **state)
{
    (void)state;
    static const char *const hooks[][2] = {
        {"https://hooks.slack.com/services/T000/B000/SECRET", "https://hooks.slack.com/…"},
        {"https://hc-ping.com?token=SECRET", "https://hc-ping.com/…"},
        {"http://u:SE/CRET@alertmanager:9093/", "http://alertmanager:9093/"},
        {"http://alertmanager:9093", "http://alertmanager:9093"},
        {"SECRET", "***"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
        struct text t;
        text_init(&t, 1000);
        secret_mask_hook(&t, hooks[i][0]);
        assert_string_equal(text_str(&t), hooks[i][1]);
        text_done(&t);
    }
}

static void what_holds_no_password_is_shown_as_it_is(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "",
        "shop",
        "service=shop",
        "host=/run user=u dbname='my db'",
        "postgresql://h:5432/shop?sslmode=require&user=a",
        "postgresql://u@h/shop",
        "postgresql:///shop",
        "sqlite:/var/lib/a b.db",
        "pgbouncer://h:6432",
        "http://h:8000/pools?a=b",
        "passfile=/home/u/.pgpass host=h",
        "postgresql://u:@h/shop",
        "password=''",
        "  a = b  ",
        "user = \\' x",
        "= = =",
        "postgresql://h1:1,h2:2/shop?target_session_attrs=any",
    };
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        expect(plain[i], plain[i]);
}

static void passwords_in_urls_are_hidden(void **state)
{
    (void)state;
    expect("postgresql://u:geheim@h/db", "postgresql://u:***@h/db");
    expect("postgresql://u:ge@he/im:x@h1:1,h2:2/db", "postgresql://u:***@h1:1,h2:2/db");
    expect("postgresql://u:geheim?@h/db?a=b", "postgresql://u:***@h/db?a=b");
    expect("redis://:geheim@h:6379/0", "redis://:***@h:6379/0");
    expect("postgresql://h/db?user=u&password=geheim&sslmode=require",
           "postgresql://h/db?user=u&password=***&sslmode=require");
    expect("postgresql://h/db?PASSWORD=geheim", "postgresql://h/db?PASSWORD=***");
    expect("postgresql://h/db?pass%77ord=geheim#x", "postgresql://h/db?pass%77ord=***");
    expect("postgresql://h/db?sslpassword=geheim", "postgresql://h/db?sslpassword=***");
    expect("http://h/x?api_key=geheim&token=geheim&n=1", "http://h/x?api_key=***&token=***&n=1");
}

static void passwords_in_conninfo_are_hidden(void **state)
{
    (void)state;
    expect("host=h password=geheim user=u", "host=h password=*** user=u");
    expect("password = 'ge heim' user=u", "password = *** user=u");
    expect("password='ge\\' heim' user=u", "password=*** user=u");
    expect("password='never closed user=u", "password=***");
    expect("password='ge'heim user=u", "password=*** user=u");
    expect("password=ge\\ heim user=u", "password=*** user=u");
    expect("password= geheim user=u", "password= *** user=u"); /* libpq skips blanks before a value */
    expect("Password=geheim", "Password=***");
    expect("user=u\npassword=geheim\nhost=h", "user=u\npassword=***\nhost=h");
    expect("password=ge://heim host=h", "password=*** host=h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_no_password_is_shown_as_it_is),
        cmocka_unit_test(of_a_hook_only_scheme_and_host_are_shown),
        cmocka_unit_test(passwords_in_urls_are_hidden),
        cmocka_unit_test(passwords_in_conninfo_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
