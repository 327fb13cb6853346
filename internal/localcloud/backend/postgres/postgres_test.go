// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

var pgAdmin = backend.Role{Name: "alice", Password: "wonder!#$%&*()-_=+[]{}<>:?land"}

// startPostgres opens the real backend on a folder, and closes it with the test.
func startPostgres(t *testing.T, dir string) *Backend {
	t.Helper()
	var log bytes.Buffer
	b, err := Open(t.Context(), backend.Options{Dir: dir, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", log.String())
		}
	})
	return b
}

func pgProvision(t *testing.T, b *Backend, instance string) backend.Address {
	t.Helper()
	address, err := b.Provision(t.Context(), instance, pgAdmin)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func pgConnect(t *testing.T, at backend.Address, role backend.Role, database string) *pgx.Conn {
	t.Helper()
	conn, err := postgres.Connect(t.Context(), postgres.Login{
		Host: at.Host, Port: at.Port, Role: postgres.Role(role), Database: database, TLS: "disable",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func pgExecute(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func pgValue[T any](t *testing.T, conn *pgx.Conn, query string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// zipped makes an archive as the deploys are, of names that end in "/" for folders; a content that begins with "#!" is
// executable.
func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	for name, content := range files {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(0o644)
		if strings.HasPrefix(content, "#!") {
			header.SetMode(0o755)
		}
		if target, link := strings.CutPrefix(content, "-> "); link {
			header.SetMode(0o777 | fs.ModeSymlink)
			content = target
		}
		w, err := archive.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInstance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := startPostgres(t, dir)
	address := pgProvision(t, b, "orders-db")
	conn := pgConnect(t, address, pgAdmin, "")
	pgExecute(t, conn, "CREATE TABLE t AS SELECT 1 AS n")
	since, err := b.RestorableSince("orders-db")
	if err != nil || since.After(time.Now()) {
		t.Errorf("RestorableSince = %s, %v", since, err)
	}
	at := pgValue[time.Time](t, conn, "SELECT clock_timestamp()")
	changed := backend.Role{Name: pgAdmin.Name, Password: "changed-later"}
	if err := b.SetPassword(t.Context(), "orders-db", changed); err != nil {
		t.Fatal(err)
	}
	pgExecute(t, conn, "INSERT INTO t VALUES (2)")
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RestorableSince("orders-db"); err == nil {
		t.Error("a closed backend answers")
	}

	b = startPostgres(t, dir)
	resumed, err := b.Resume(t.Context(), "orders-db")
	if err != nil || resumed != address {
		t.Fatalf("Resume = %v, %v, want %v", resumed, err, address)
	}
	pgConnect(t, resumed, changed, "")
	restored, err := b.Restore(t.Context(), "orders-db", "restored", at)
	if err != nil {
		t.Fatal(err)
	}
	if got := pgValue[int](t, pgConnect(t, restored, pgAdmin, ""), "SELECT sum(n) FROM t"); got != 1 {
		t.Errorf("the restored sum is %d, want 1", got)
	}
	if got := pgValue[int](t, pgConnect(t, resumed, changed, ""), "SELECT sum(n) FROM t"); got != 3 {
		t.Errorf("the source's sum is %d, want 3", got)
	}

	for _, instance := range []string{"orders-db", "restored", "restored", "never-made"} {
		if err := b.Destroy(t.Context(), instance); err != nil {
			t.Errorf("destroy %s: %v", instance, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	for name, err := range map[string]error{
		"SetPassword": b.SetPassword(t.Context(), "orders-db", changed),
		"Restore":     second(b.Restore(t.Context(), "orders-db", "restored", at)),
		"Resume":      second(b.Resume(t.Context(), "orders-db")),
	} {
		if err == nil || !strings.Contains(err.Error(), "orders-db") {
			t.Errorf("%s of what is gone: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// What a process that was killed in between has left behind is begun anew.
func TestBeginsAnew(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	first := pgProvision(t, b, "orders")
	pgExecute(t, pgConnect(t, first, pgAdmin, ""), "CREATE TABLE old (n int)")
	again := pgProvision(t, b, "orders")
	if got := pgValue[bool](t, pgConnect(t, again, pgAdmin, ""), "SELECT to_regclass('old') IS NULL"); !got {
		t.Error("the table of an earlier attempt is there")
	}
	for range 2 {
		if _, err := b.Restore(t.Context(), "orders", "restored", time.Now()); err != nil {
			t.Error(err)
		}
	}
}

func TestServerThatDies(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	b.stable = 0
	address := pgProvision(t, b, "orders")
	pgExecute(t, pgConnect(t, address, pgAdmin, ""), "CREATE TABLE t AS SELECT 7 AS n")
	server := pgKill(t, b, "orders")
	deadline := time.Now().Add(20 * time.Second)
	for {
		if again, err := b.server("orders"); err == nil && again != server {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server is not started again")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := pgValue[int](t, pgConnect(t, address, pgAdmin, ""), "SELECT n FROM t"); got != 7 {
		t.Errorf("n = %d, want 7", got)
	}
}

func TestServerThatDiesAtOnce(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	b.stable, b.pause = time.Hour, time.Hour
	downs, ups := make(chan error, 10), make(chan backend.Address, 10)
	b.down, b.up = func(_ string, reason error) { downs <- reason }, func(_ string, at backend.Address) { ups <- at }
	address := pgProvision(t, b, "orders")
	pgKill(t, b, "orders")
	if reason, at := <-downs, <-ups; reason == nil || at != address {
		t.Errorf("down: %v, up at %s", reason, at)
	}
	// The second time it waits.
	server := pgKill(t, b, "orders")
	if reason := <-downs; reason == nil {
		t.Error("it is down for no reason")
	}
	if err := b.SetPassword(t.Context(), "orders", pgAdmin); err == nil || !strings.Contains(err.Error(), "has ended by itself") {
		t.Errorf("SetPassword = %v, want that the server has ended", err)
	}
	if again, err := b.server("orders"); err != nil || again != server {
		t.Errorf("the server was started again at once: %v", err)
	}
	if _, err := b.Restore(t.Context(), "orders", "restored", time.Now()); err != nil {
		t.Errorf("what the server has left behind is not restored: %v", err)
	}
	if err := b.Destroy(t.Context(), "orders"); err != nil {
		t.Error(err)
	}
}

// pgKill kills the server of an instance, and returns it dead.
func pgKill(t *testing.T, b *Backend, instance string) *postgres.Server {
	t.Helper()
	server, err := b.server(instance)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(firstLine(t, filepath.Join(b.path(instance), "data", "postmaster.pid")))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	return server
}

func firstLine(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}

func TestCheckLink(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := pgProvision(t, b, "elsewhere")
	conn := pgConnect(t, address, pgAdmin, "")
	plain := backend.Role{Name: "plain", Password: "plain-password"}
	pgExecute(t, conn, "CREATE ROLE plain LOGIN PASSWORD 'plain-password'")
	if err := b.CheckLink(t.Context(), address, pgAdmin); err != nil {
		t.Errorf("a role that may create databases: %v", err)
	}

	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		t.Fatal(err)
	}
	closed, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		at   backend.Address
		role backend.Role
		want string
	}{
		"wrong password":    {address, backend.Role{Name: pgAdmin.Name, Password: "not-the-password"}, "password authentication failed"},
		"no such role":      {address, backend.Role{Name: "bob", Password: "not-the-password"}, "bob"},
		"not allowed":       {address, plain, `ALTER ROLE "plain" CREATEDB`},
		"nothing listening": {backend.Address{Host: "127.0.0.1", Port: closed}, pgAdmin, "refused"},
	} {
		err := b.CheckLink(t.Context(), test.at, test.role)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.at.String()) || strings.Contains(err.Error(), test.role.Password) {
			t.Errorf("%s: %v, want an error with %q, the address and no password", name, err, test.want)
		}
	}
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := pgProvision(t, b, "orders")
	for name, on := range map[string]backend.Target{
		"of_ours":    {Instance: "orders"},
		"elsewhere.": {Link: &backend.Link{Address: address, Role: pgAdmin}},
	} {
		for range 2 {
			if err := b.CreateDatabase(t.Context(), on, name); err != nil {
				t.Errorf("create %s: %v", name, err)
			}
		}
		conn := pgConnect(t, address, pgAdmin, name)
		for range 2 {
			if err := b.DropDatabase(t.Context(), on, name); err != nil {
				t.Errorf("drop %s: %v", name, err)
			}
		}
		if err := conn.Ping(t.Context()); err == nil {
			t.Errorf("a session in %s goes on", name)
		}
	}
	if err := b.CreateDatabase(t.Context(), backend.Target{Instance: "missing"}, "app"); err == nil {
		t.Error("a database was made on an instance that is not there")
	}
}

func requirePsql(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed")
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	requirePsql(t)
	b := startPostgres(t, t.TempDir())
	address := pgProvision(t, b, "orders")
	linked := backend.Link{Address: pgProvision(t, b, "elsewhere"), Role: pgAdmin}
	archive := zipped(t, map[string]string{
		"dbos-config.yaml":      "",
		"bin/migrate":           "#!/bin/sh\npsql --quiet --set ON_ERROR_STOP=1 --file \"$1\" \"$DBOS_DATABASE_URL\"\n",
		"migrations/001.sql":    "CREATE TABLE made_by_migration AS SELECT 42 AS n;",
		"migrations/002.sql":    "INSERT INTO made_by_migration VALUES (1);",
		"migrations/broken.sql": "SELECT no_such_column;",
	})
	for name, on := range map[string]backend.Target{"orders": {Instance: "orders"}, "elsewhere": {Link: &linked}} {
		if err := b.CreateDatabase(t.Context(), on, "app"); err != nil {
			t.Fatal(err)
		}
		m := backend.Migration{On: on, Database: "app", Archive: archive, Commands: []string{
			"bin/migrate migrations/001.sql", "cd migrations && ../bin/migrate 002.sql",
		}}
		if output, err := b.Migrate(t.Context(), m); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, output)
		}
		m.Commands = []string{"bin/migrate migrations/broken.sql", "bin/migrate migrations/002.sql"}
		output, err := b.Migrate(t.Context(), m)
		var failure *backend.CommandError
		if !errors.As(err, &failure) || failure.Command != m.Commands[0] || failure.Reason != "exit status 3" {
			t.Errorf("%s: a broken migration: %v", name, err)
		}
		if !strings.Contains(output, `column "no_such_column" does not exist`) {
			t.Errorf("%s: the output is %q", name, output)
		}
	}
	for _, at := range []backend.Address{address, linked.Address} {
		conn := pgConnect(t, at, pgAdmin, "app")
		if got := pgValue[int](t, conn, "SELECT sum(n) FROM made_by_migration"); got != 43 {
			t.Errorf("the sum is %d, want 43: two rows by two migrations", got)
		}
		pgExecute(t, conn, "ALTER TABLE made_by_migration ADD COLUMN by_hand int")
	}

	// A rotated password and a restore change nothing for an application.
	if err := b.SetPassword(t.Context(), "orders", backend.Role{Name: pgAdmin.Name, Password: "rotated-password"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Restore(t.Context(), "orders", "restored", time.Now()); err != nil {
		t.Fatal(err)
	}
	m := backend.Migration{On: backend.Target{Instance: "restored"}, Database: "app", Archive: archive, Commands: []string{
		`bin/migrate migrations/002.sql`, `psql -At -c 'SELECT sum(n) FROM made_by_migration' "$DBOS_DATABASE_URL"`,
	}}
	if err := b.CreateDatabase(t.Context(), m.On, "app"); err != nil {
		t.Error(err)
	}
	if output, err := b.Migrate(t.Context(), m); err != nil || output != "44\n" {
		t.Errorf("on the restored instance: %q, %v, want 44", output, err)
	}
}

// What commands get to see, and what is left of them.
func TestMigrateSurroundings(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := pgProvision(t, b, "orders")
	secrets := map[string]string{"API_KEY": "secret of 'mine'", "PATH": "/nowhere", "DBOS_DATABASE_URL": "postgresql://nowhere", "SHORT": "on"}
	run := func(commands ...string) (string, error) {
		return b.Migrate(t.Context(), backend.Migration{
			On: backend.Target{Instance: "orders"}, Database: "app", Secrets: secrets, Commands: commands,
			Archive: zipped(t, map[string]string{"plain": "", "script": "#!/bin/sh\n", "folder/": ""}),
		})
	}
	check := func(command, want string) {
		t.Helper()
		if output, err := run(command); err != nil || output != want {
			t.Errorf("%s: %q, %v, want %q", command, output, err, want)
		}
	}
	check(`env | sed 's/=.*//' | grep -vx '_\|SHLVL\|PWD\|OLDPWD' | sort | tr '\n' ' '`, "API_KEY DBOS_DATABASE_URL HOME PATH SHORT ")
	check(`printf '%s' "$PATH" | cksum`, shell(t, `printf '%s' "$PATH" | cksum`))
	check(`test "$HOME" = "$(pwd -P)" && test -w . && test -d folder && test -x script && test ! -x plain && echo yes`, "yes\n")
	check(`test "$(id -u)" != 0 && echo unprivileged`, "unprivileged\n")
	check(`echo "the key is $API_KEY, $SHORT"; echo to standard error >&2`, "the key is ********, on\nto standard error\n")
	check(`echo "$DBOS_DATABASE_URL"`, "postgresql://app_app:********@"+address.String()+"/app\n")
	check(`printf 'not \377 text'`, "not \uFFFD text")
	check(`mkdir -p cache && touch cache/file && chmod 500 cache`, "")

	// A command's folder is gone with it, and so is what it has left running.
	output, err := run(`sleep 300 & echo $!; pwd -P`)
	fields := strings.Fields(output)
	if err != nil || len(fields) != 2 {
		t.Fatalf("%q, %v", output, err)
	}
	if _, err := os.Stat(fields[1]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left behind", fields[1])
	}
	// A process that was killed may stay a zombie where nobody asks for it.
	deadline := time.Now().Add(10 * time.Second)
	for {
		state, err := exec.CommandContext(t.Context(), "ps", "-o", "stat=", "-p", fields[0]).Output()
		if err != nil || strings.HasPrefix(string(state), "Z") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s is left running", fields[0])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// What a migration had when its local cloud was killed goes with the next start, and what is another's stays.
func TestSweepsMigrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killed, err := startPostgres(t, dir).temporaryFolder(sandboxUser(t))
	if err != nil {
		t.Fatal(err)
	}
	other, err := startPostgres(t, t.TempDir()).temporaryFolder(sandboxUser(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(other) })
	if err := os.MkdirAll(filepath.Join(killed, "cache", "module"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(killed, "cache"), 0o500); err != nil {
		t.Fatal(err)
	}
	startPostgres(t, dir)
	if _, err := os.Stat(killed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left behind", killed)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

func shell(t *testing.T, command string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

func TestMigrateLimits(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	pgProvision(t, b, "orders")
	b.limits.time, b.limits.output = 2*time.Second, 100<<10
	m := backend.Migration{On: backend.Target{Instance: "orders"}, Database: "app", Archive: zipped(t, nil)}

	m.Commands = []string{"echo begun; sleep 300"}
	output, err := b.Migrate(t.Context(), m)
	var failure *backend.CommandError
	if !errors.As(err, &failure) || failure.Reason != "took longer than 2s" || output != "begun\n" {
		t.Errorf("a slow command: %q, %v", output, err)
	}

	b.limits.time = time.Minute
	m.Commands = []string{"yes; echo never"}
	output, err = b.Migrate(t.Context(), m)
	if !errors.As(err, &failure) || failure.Reason != "printed more than 102400 bytes" || len(output) > 70<<10 || !strings.HasSuffix(output, "y\n") {
		t.Errorf("a talkative command: %d bytes, %v", len(output), err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	m.Commands = []string{"sleep 300"}
	if _, err = b.Migrate(ctx, m); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*backend.CommandError)) {
		t.Errorf("a migration that is broken off: %v", err)
	}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	installation, err := postgres.Find("")
	if err != nil {
		t.Fatal(err)
	}
	b := &Backend{installation: installation, limits: limits{files: 3, bytes: 1000}}
	tests := map[string]struct {
		files map[string]string
		fails string
	}{
		"a folder above":    {map[string]string{"../evil": ""}, "../evil"},
		"hidden within":     {map[string]string{"a/../../evil": ""}, "leads out"},
		"an absolute name":  {map[string]string{"/tmp/evil": ""}, "leads out"},
		"a backslash":       {map[string]string{`..\evil`: ""}, "leads out"},
		"no name":           {map[string]string{"": ""}, "leads out"},
		"a link":            {map[string]string{"link": "-> /etc"}, "neither a file nor a folder"},
		"too large":         {map[string]string{"a": strings.Repeat("x", 600), "b": strings.Repeat("x", 600)}, "larger than 1000 bytes"},
		"too many":          {map[string]string{"a": "", "b": "", "c": "", "d": ""}, "more than 3 files"},
		"a file as folder":  {map[string]string{"a": "", "a/b": ""}, "a"},
		"within the limits": {map[string]string{"a": strings.Repeat("x", 1000), "b/c/d": "", "e/": ""}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			folder := filepath.Join(parent, "folder")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			err := b.unpack(t.Context(), sandboxUser(t), zipped(t, test.files), folder)
			if test.fails == "" && err != nil {
				t.Error(err)
			}
			if test.fails != "" && (!errors.As(err, new(*backend.ArchiveError)) || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("unpack = %v, want an error with %q", err, test.fails)
			}
			outside, err := os.ReadDir(parent)
			if err != nil || len(outside) != 1 {
				t.Errorf("beside the folder there is %v, %v", outside, err)
			}
		})
	}
	notZip := filepath.Join(t.TempDir(), "app.zip")
	if err := os.WriteFile(notZip, []byte("not an archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.unpack(t.Context(), sandboxUser(t), notZip, t.TempDir()); !errors.Is(err, zip.ErrFormat) || !errors.As(err, new(*backend.ArchiveError)) {
		t.Errorf("what is no archive: %v", err)
	}
}

var _ backend.Backend = (*Backend)(nil)

func TestWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), backend.Options{PostgresBin: t.TempDir(), Log: &bytes.Buffer{}})
	if err == nil || !slices.ContainsFunc([]string{"apt-get", "dnf", "brew", "apk", "pacman", "zypper"}, func(manager string) bool {
		return strings.Contains(err.Error(), manager)
	}) {
		t.Errorf("without PostgreSQL: %v, want how to install it", err)
	}
}
