// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/cli"
)

const (
	firstPassword  = "first-Passw0rd!"
	secondPassword = "second-Passw0rd#"
)

// TestMain lets more tests run at once than there are processors: the CLI sleeps for most of its time, 5 seconds after
// each provisioning, restore and old deploy.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// user is somebody with the CLI in a directory, logged in to a local cloud.
type user struct {
	t      *testing.T
	script string
	dir    string
	env    []string
}

// logIn gives a user the login that the local cloud writes for the CLI.
func logIn(t *testing.T, c *acctest.Cloud, version string) *user {
	t.Helper()
	installed := cli.Installed(t, version)
	connection := c.Connection()
	u := &user{t: t, script: filepath.Join(installed, "dist", "cli.js"), dir: t.TempDir()}
	u.env = append(os.Environ(),
		"DBOS_DOMAIN="+strings.TrimPrefix(connection.Endpoint, "https://"),
		"NODE_EXTRA_CA_CERTS="+connection.CAFile,
		"NO_UPDATE_NOTIFIER=1", "NO_COLOR=1", "HOME="+t.TempDir())
	login, err := os.ReadFile(connection.CredentialsFile)
	if err != nil {
		t.Fatal(err)
	}
	u.write(".dbos/credentials", string(login))
	return u
}

func (u *user) write(name, content string) {
	u.t.Helper()
	file := filepath.Join(u.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

// run runs one command. A prompt would find the end of its input.
func (u *user) run(args ...string) (stdout, all string, err error) {
	u.t.Helper()
	var out, errs bytes.Buffer
	node := exec.CommandContext(u.t.Context(), "node", append([]string{u.script}, args...)...)
	node.Dir, node.Env, node.Stdout, node.Stderr = u.dir, u.env, &out, &errs
	err = node.Run()
	return out.String(), out.String() + errs.String(), err
}

// ok runs a command that must succeed, and returns what it says.
func (u *user) ok(args ...string) string {
	u.t.Helper()
	stdout, all, err := u.run(args...)
	if err != nil {
		u.t.Fatalf("dbos-cloud %s: %v\n%s", strings.Join(args, " "), err, all)
	}
	return stdout
}

// says runs a command that must succeed and say something.
func (u *user) says(want string, args ...string) {
	u.t.Helper()
	if got := u.ok(args...); !strings.Contains(got, want) {
		u.t.Fatalf("dbos-cloud %s does not say %q:\n%s", strings.Join(args, " "), want, got)
	}
}

// fails runs a command that must fail and say something.
func (u *user) fails(want string, args ...string) {
	u.t.Helper()
	if _, got, err := u.run(args...); err == nil || !strings.Contains(got, want) {
		u.t.Fatalf("dbos-cloud %s: error %v, without %q:\n%s", strings.Join(args, " "), err, want, got)
	}
}

// answer reads the last line of a command, which is JSON.
func answer[T any](u *user, args ...string) (value T) {
	u.t.Helper()
	lines := strings.Split(strings.TrimSpace(u.ok(append(args, "--json")...)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &value); err != nil {
		u.t.Fatalf("dbos-cloud %s: %v\n%s", strings.Join(args, " "), err, strings.Join(lines, "\n"))
	}
	return value
}

type instance struct {
	PostgresInstanceName, Status, DatabaseUsername string
	IsLinked                                       bool
}

type application struct {
	Name, PostgresInstanceName, ApplicationDatabaseName, Status, Version string
	ExecutorsMemoryMib                                                   int
}

// query logs in with a URL and asks for one word.
func query(t *testing.T, url, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var word string
	for rows.Next() {
		if err := rows.Scan(&word); err != nil {
			t.Fatal(err)
		}
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", statement, rows.Err())
	}
	return word
}

// url is what "db url" prints for an instance, with the password filled in.
func (u *user) url(name, password string) string {
	u.t.Helper()
	lines := strings.Split(strings.TrimSpace(u.ok("db", "url", name, "-S", "-W", password)), "\n")
	url := lines[len(lines)-1]
	if !strings.HasPrefix(url, "postgresql://") || !strings.Contains(url, ":"+password+"@") {
		u.t.Fatalf("db url prints %q", url)
	}
	// The CLI does not escape what it prints, which these passwords need.
	return strings.NewReplacer("#", "%23", "!", "%21").Replace(url)
}

// TestRecovery plays the guide on real servers: data that a bad statement took away come back in a restored instance,
// and the application moves there.
func TestRecovery(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skipf("the application's migration needs psql: %v", err)
	}
	c := acctest.Start(t, acctest.TLS, acctest.Postgres)
	u := logIn(t, c, cli.Newest)
	u.says("Database successfully provisioned!", "db", "provision", "orders", "-U", "app", "-W", firstPassword)
	u.says("Successfully reset user password", "db", "reset-password", "orders", "-W", secondPassword)
	acctest.Await(t, "the new password is set", func() bool {
		return answer[instance](u, "db", "status", "orders").Status == "available"
	})
	u.write("package.json", `{"name": "shop"}`)
	u.write("dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  app_db_name: carts\n  migrate:\n    - psql \"$DBOS_DATABASE_URL\" -v ON_ERROR_STOP=1 -c 'CREATE TABLE cart (item text)'\n")
	u.says("Successfully registered shop!", "app", "register", "shop", "-d", "orders")
	u.says("Successfully deployed shop!", "app", "deploy")
	carts := strings.Replace(u.url("orders", secondPassword), "/postgres", "/carts", 1)
	query(t, carts, "INSERT INTO cart VALUES ('apples')")

	before := time.Now().UTC().Add(10 * time.Millisecond)
	acctest.Await(t, "the moment to go back to is past", func() bool { return time.Now().After(before.Add(10 * time.Millisecond)) })
	query(t, carts, "DELETE FROM cart")
	u.says("Database successfully restored!", "db", "restore", "orders", "-t", before.Format(time.RFC3339Nano), "-n", "orders_back")
	restored := strings.Replace(u.url("orders_back", secondPassword), "/postgres", "/carts", 1)
	if got := query(t, restored, "SELECT item FROM cart"); got != "apples" {
		t.Errorf("the restored table holds %q", got)
	}
	versions := answer[[]struct{ Version string }](u, "app", "versions", "shop")
	if len(versions) != 1 {
		t.Fatalf("versions = %v, want one", versions)
	}
	// That version's migration has its table already, and says so.
	u.fails(`relation "cart" already exists`, "app", "deploy", "shop")
	u.write("dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  app_db_name: carts\n")
	u.says("Successfully deployed shop!", "app", "change-database-instance", "shop", "-d", "orders_back")
	if got := answer[application](u, "app", "status", "shop"); got.PostgresInstanceName != "orders_back" || got.ApplicationDatabaseName != "carts" {
		t.Errorf("after the move the application is %+v", got)
	}
	u.says("Database deleted: orders", "db", "destroy", "orders")
	c.AwaitGone(t, "orders")
}

// TestLinkedDatabases links, resets, lists and unlinks.
func TestLinkedDatabases(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS)
	u := logIn(t, c, cli.Newest)
	u.says("No database instances found", "db", "list")
	u.says("Database successfully linked!", "db", "link", "legacy", "-H", "db.example.com", "-p", "6543", "-W", firstPassword)
	u.says("Database successfully linked!", "db", "link", "supa", "-H", "db.supabase.co", "-W", firstPassword, "--supabase-ref", "abcdef", "--enable-timetravel")
	u.fails("password authentication failed", "db", "link", "refused", "-H", "db.example.com", "-W", "wrong-password")
	u.fails("You cannot reset the password of a linked database", "db", "reset-password", "legacy", "-W", secondPassword)
	u.says("postgresql://dbosadmin:***@db.example.com:6543/postgres", "db", "url", "legacy")
	u.says("postgresql://postgres.abcdef:***@db.supabase.co:5432/postgres", "db", "url", "supa")
	u.says("Database Username: dbosadmin", "db", "status", "legacy")
	list := answer[[]instance](u, "db", "list")
	if len(list) != 2 || !list[0].IsLinked || !list[1].IsLinked {
		t.Errorf("db list = %+v, want two linked ones", list)
	}
	u.says("Database unlinked: legacy", "db", "unlink", "legacy")
	u.fails("not found", "db", "status", "legacy")
}

// TestApplications goes through an application's life.
func TestApplications(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS)
	c.Provision(t, "orders", "app", firstPassword)
	c.Provision(t, "spare", "app", firstPassword)
	u := logIn(t, c, cli.Newest)
	u.says("Subscription Plan:", "profile")
	if got := answer[map[string]any](u, "profile"); got["Organization"] != "local" {
		t.Errorf("profile = %v", got)
	}
	u.write("package.json", `{"name": "shop"}`)
	u.write("dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  migrate: ['true']\n")
	u.fails("database nowhere not found", "app", "register", "-d", "nowhere")
	u.says("Successfully registered shop!", "app", "register", "-d", "orders", "--executors-memory-mib", "1024")
	u.write("two.env", "SECOND=2\nTHIRD=3\n")
	u.says("FIRST successfully updated", "app", "env", "create", "-s", "FIRST", "-v", "1")
	u.says("THIRD successfully updated", "app", "env", "import", "-d", "two.env")
	u.says("Secrets successfully deleted", "app", "env", "delete", "shop", "-s", "SECOND")
	names := answer[[]string](u, "app", "env", "list", "shop")
	if slices.Sort(names); !slices.Equal(names, []string{"FIRST", "THIRD"}) {
		t.Errorf("env list = %v", names)
	}
	u.says("Successfully deployed shop!", "app", "deploy")
	first := answer[application](u, "app", "status", "shop")
	u.says("Successfully deployed shop!", "app", "deploy", "shop")
	second := answer[application](u, "app", "status", "shop")
	if first.Status != "AVAILABLE" || first.ExecutorsMemoryMib != 1024 || first.Version == second.Version {
		t.Errorf("after the deploys: %+v and %+v", first, second)
	}
	u.says("Successfully deployed shop!", "app", "deploy", "shop", "-p", first.Version)
	u.says("Successfully deployed shop!", "app", "change-database-instance", "shop", "-d", "spare", "-p", first.Version)
	u.says("Successfully updated shop!", "app", "update", "shop", "--executors-memory-mib", "2048", "--min-executors", "2")
	moved := answer[application](u, "app", "status", "shop")
	if moved.PostgresInstanceName != "spare" {
		t.Errorf("after the move: %+v", moved)
	}
	if list := answer[[]application](u, "app", "list"); len(list) != 1 || list[0].Name != "shop" {
		t.Errorf("app list = %+v", list)
	}
	if versions := answer[[]struct{ Version string }](u, "app", "versions", "shop"); len(versions) < 2 {
		t.Errorf("app versions = %v", versions)
	}
	// A failing migration shows its output.
	u.write("dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  migrate: ['false']\n")
	u.fails("simulated: false", "app", "deploy", "shop")
	u.says("Successfully deleted application: shop", "app", "delete", "shop", "--dropdb")
}

// TestOldestRelease goes through all commands that there are in it, as three users at once.
func TestOldestRelease(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t, acctest.TLS)
	c.Provision(t, "orders", "app", firstPassword)
	c.Provision(t, "spare", "app", firstPassword)
	for name, use := range map[string]func(*user){"databases": oldestDatabases, "applications": oldestApplications, "links": oldestLinks} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			use(logIn(t, c, cli.Oldest))
		})
	}
}

func oldestDatabases(u *user) {
	u.says("Database successfully provisioned!", "db", "provision", "billing", "-U", "app", "-W", firstPassword)
	u.says("Successfully reset user password", "db", "reset-password", "orders", "-W", secondPassword)
	moment := time.Now().UTC().Format(time.RFC3339Nano)
	u.says("Database successfully restored!", "db", "restore", "billing", "-t", moment, "-n", "billing_back")
	u.says("Database deleted: billing_back", "db", "destroy", "billing_back")
	u.write("dbos-config.yaml", "database:\n  app_db_name: shop\n")
	u.says("Database Username: app", "db", "connect", "billing", "-W", firstPassword)
	config, err := os.ReadFile(filepath.Join(u.dir, "dbos-config.yaml"))
	if err != nil || !strings.Contains(string(config), "hostname: billing.simulated.invalid") {
		u.t.Errorf("db connect left %q, %v", config, err)
	}
}

func oldestLinks(u *user) {
	u.says("Name: local", "profile")
	u.says("Database successfully linked!", "db", "link", "legacy", "-H", "db.example.com", "-W", firstPassword)
	u.says("Status: available", "db", "status", "legacy")
	u.says("Postgres Instance Name: legacy", "db", "list")
	u.says("Database unlinked: legacy", "db", "unlink", "legacy")
}

func oldestApplications(u *user) {
	u.write("package.json", `{"name": "shop"}`)
	u.write("package-lock.json", `{"name": "shop", "lockfileVersion": 3, "packages": {}}`)
	u.write("dbos-config.yaml", "name: shop\nlanguage: node\ndatabase:\n  hostname: localhost\n  port: 5432\n  username: postgres\n  password: ${PGPASSWORD}\n  app_db_name: shop\n")
	u.says("Successfully registered shop!", "app", "register", "-d", "spare")
	u.says("Successfully deployed shop!", "app", "deploy")
	version := answer[application](u, "app", "status").Version
	u.says("Successfully deployed shop!", "app", "deploy", "-p", version)
	u.says("Successfully deployed shop!", "app", "rollback")
	u.says("Successfully deployed shop!", "app", "change-database-instance", "-d", "orders", "-p", version)
	if list := answer[[]application](u, "app", "list"); len(list) != 1 || list[0].PostgresInstanceName != "orders" {
		u.t.Errorf("app list = %+v", list)
	}
	if versions := answer[[]struct{ Version string }](u, "app", "versions"); !slices.ContainsFunc(versions, func(v struct{ Version string }) bool { return v.Version == version }) {
		u.t.Errorf("app versions = %v", versions)
	}
	u.says("Successfully deleted application: shop", "app", "delete", "--dropdb")
}
