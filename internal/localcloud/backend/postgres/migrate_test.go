// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	requirePsql(t)
	b := startPostgres(t, t.TempDir())
	address := provision(t, b, "orders")
	linked := backend.Link{Address: provision(t, b, "elsewhere"), Role: admin}
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
		conn := connect(t, at, admin, "app")
		if got := value[int](t, conn, "SELECT sum(n) FROM made_by_migration"); got != 43 {
			t.Errorf("the sum is %d, want 43: two rows by two migrations", got)
		}
		execute(t, conn, "ALTER TABLE made_by_migration ADD COLUMN by_hand int")
	}

	// The application still logs in after a password rotation and a restore.
	if err := b.SetPassword(t.Context(), "orders", backend.Role{Name: admin.Name, Password: "rotated-password"}); err != nil {
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

// The commands of a migration get a folder, an environment and an ordinary user, and leave nothing behind.
func TestWhatAMigrationFinds(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	address := provision(t, b, "orders")
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

	// The folder of a migration is removed, and its processes end.
	output, err := run(`sleep 300 & echo $!; pwd -P`)
	fields := strings.Fields(output)
	if err != nil || len(fields) != 2 {
		t.Fatalf("%q, %v", output, err)
	}
	if _, err := os.Stat(fields[1]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left behind", fields[1])
	}
	// A process that was killed may stay a zombie where nobody asks for it.
	deadline := time.Now().Add(time.Minute)
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

func TestMigrateLimits(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	provision(t, b, "orders")
	b.limits.time, b.limits.output = 5*time.Second, 100<<10
	m := backend.Migration{On: backend.Target{Instance: "orders"}, Database: "app", Archive: zipped(t, nil)}

	m.Commands = []string{"echo begun; sleep 300"}
	output, err := b.Migrate(t.Context(), m)
	var failure *backend.CommandError
	if !errors.As(err, &failure) || failure.Reason != "took longer than 5s" || output != "begun\n" {
		t.Errorf("a slow command: %q, %v", output, err)
	}

	b.limits.time = time.Minute
	m.Commands = []string{"yes; echo never"}
	output, err = b.Migrate(t.Context(), m)
	if !errors.As(err, &failure) || failure.Reason != "printed more than 102400 bytes" || len(output) > 70<<10 || !strings.HasSuffix(output, "y\n") {
		t.Errorf("a talkative command: %d bytes, %v", len(output), err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	parent, err := sandboxUser(t).TempDir()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if begun, _ := filepath.Glob(filepath.Join(parent, b.folderPrefix()+"*", "begun")); len(begun) > 0 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	m.Commands = []string{"touch begun; sleep 300"}
	if _, err = b.Migrate(ctx, m); !errors.Is(err, context.Canceled) || errors.As(err, new(*backend.CommandError)) {
		t.Errorf("a migration that is broken off: %v", err)
	}
}

// A secret that begins with another one is masked to its end.
func TestMaskSecrets(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"A": "tail-key", "B": "tail-key-and-more", "C": "tail-key-and-more-of-it", "SHORT": "on"}
	for range 20 { // A map has no order.
		tail := &outputTail{kept: []byte("tail-key-and-more-of-it, tail-key-and-more, tail-key, on")}
		got := maskSecrets(tail, backend.Role{Name: "app", Password: "tail-key-an"}, secrets)
		if want := "********, ********, ********, on"; got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

// TestMaskSecretsWhoseBeginningIsCutOff checks that what is kept of an output does not begin with the rest of a secret.
func TestMaskSecretsWhoseBeginningIsCutOff(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"A": "first-secret", "B": "another-first-secret\nof-lines"}
	for kept, want := range map[string]string{
		"st-secret, first-secret": "[...], ********",
		"secret\nof-lines and on": "[...] and on",
		"no secret":               "[...]no secret",
		"":                        "[...]",
	} {
		if got := maskSecrets(&outputTail{kept: []byte(kept), cut: true}, backend.Role{Password: "Correct-horse-7"}, secrets); got != want {
			t.Errorf("%q became %q, want %q", kept, got, want)
		}
	}
}
