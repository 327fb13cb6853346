// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// attack runs a command as the migration of the application app on the instance orders.
func attack(t *testing.T, b *Backend, command string) (string, error) {
	t.Helper()
	return b.Migrate(t.Context(), backend.Migration{
		On: backend.Target{Instance: "orders"}, Database: "app", Archive: zipped(t, nil), Commands: []string{command},
	})
}

// A migration can reach neither the files nor the processes of an instance.
func TestMigrationIsIsolated(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the migrations of an ordinary user are that user's own code")
	}
	b := startPostgres(t, t.TempDir())
	provision(t, b, "orders")
	folder := b.path("orders")
	pid := firstLine(t, filepath.Join(folder, "data", "postmaster.pid"))
	for _, command := range []string{
		"cat " + filepath.Join(folder, "data", "PG_VERSION"),
		"ls " + filepath.Join(folder, "wal"),
		"cat " + filepath.Join(folder, "server.json"),
		"cat " + filepath.Join(folder, "base.tar"),
		"touch " + filepath.Join(folder, "wal", "planted"),
		"ln -s /etc/passwd " + filepath.Join(folder, "data", "recovery.signal"),
		"kill -s 0 " + pid,
		"cat /proc/" + pid + "/environ",
		"ls /proc/" + pid + "/fd",
	} {
		output, err := attack(t, b, command)
		var failure *backend.CommandError
		if !errors.As(err, &failure) {
			t.Errorf("%s: %q, %v", command, output, err)
		}
	}
	// Each migration has a user of its own.
	first, _ := attack(t, b, "id -u")
	second, _ := attack(t, b, "id -u")
	if first == second || first == "0\n" {
		t.Errorf("the users are %q and %q", first, second)
	}
}

// No process that a migration has started outlives it, however it hides.
func TestMigrationLeavesNoProcess(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid is not installed")
	}
	b := startPostgres(t, t.TempDir())
	provision(t, b, "orders")
	// What reads the number of a process waits until the process is there.
	commands := map[string]string{
		"in the background": `sleep 300 & echo $!`,
		"in a session":      `(setsid sh -c 'echo $$; exec sleep 300' &) | head -n 1`,
		"forked twice":      `(setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) | cat`,
		"elsewhere":         `cd / && (setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) | cat`,
		"failed":            `(setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) | cat; false`,
	}
	if os.Geteuid() == 0 {
		commands["without a trace"] = `cd / && (env -i setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) | cat`
	}
	for name, command := range commands {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := attack(t, b, command)
			if err != nil && name != "failed" {
				t.Error(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(output))
			if err != nil {
				t.Fatalf("the command printed %q", output)
			}
			state, err := exec.CommandContext(t.Context(), "ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
			if err == nil && !strings.HasPrefix(string(state), "Z") {
				t.Errorf("process %d is left running: %s", pid, state)
			}
		})
	}
}

func TestMigrationFillsNoDisk(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	provision(t, b, "orders")
	b.limits.disk = 1 << 20
	const filling = `n=0; while :; do head -c 100000 /dev/zero > file$n; n=$((n+1)); sleep 0.02; done`
	commands := map[string]string{
		"many files": filling,
		"one file":   `head -c 3000000 /dev/zero > file`,
	}
	if os.Geteuid() == 0 {
		commands["files elsewhere"] = `mkdir "/tmp/${HOME##*/}.elsewhere" && cd "/tmp/${HOME##*/}.elsewhere" && ` + filling
	}
	for name, command := range commands {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := attack(t, b, command)
			var failure *backend.CommandError
			if !errors.As(err, &failure) {
				t.Fatalf("%q, %v", output, err)
			}
			if name != "one file" && failure.Reason != "took more than 1048576 bytes of disk" {
				t.Errorf("the reason is %q", failure.Reason)
			}
		})
	}
	t.Cleanup(func() {
		if left, err := filepath.Glob("/tmp/" + b.folderPrefix() + "*.elsewhere"); err != nil || len(left) > 0 {
			t.Errorf("%v is left behind, %v", left, err)
		}
	})
}

// The login of an application opens its own database and no other.
func TestMigrationReachesItsOwnDatabase(t *testing.T) {
	t.Parallel()
	requirePsql(t)
	b := startPostgres(t, t.TempDir())
	address := provision(t, b, "orders")
	for _, database := range []string{"app", "neighbour"} {
		if err := b.CreateDatabase(t.Context(), backend.Target{Instance: "orders"}, database); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, connect(t, address, admin, "neighbour"), "CREATE TABLE secrets AS SELECT 42 AS n")
	if output, err := attack(t, b, `psql -Atc 'SELECT 1' "$DBOS_DATABASE_URL"`); err != nil || output != "1\n" {
		t.Fatalf("its own database: %q, %v", output, err)
	}
	output, err := attack(t, b, `psql -Atc 'SELECT n FROM secrets' "${DBOS_DATABASE_URL%/app}/neighbour"`)
	if err == nil || !strings.Contains(output, "permission denied for database") {
		t.Errorf("the neighbour's database: %q, %v", output, err)
	}
}
