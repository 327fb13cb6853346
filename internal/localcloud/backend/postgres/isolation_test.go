// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func sandboxUser(t *testing.T) *postgres.SandboxUser {
	t.Helper()
	g, err := postgres.NewSandboxUser()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// attack runs a command as the migration of the application app on orders.
func attack(t *testing.T, b *Backend, command string) (string, error) {
	t.Helper()
	return b.Migrate(t.Context(), backend.Migration{
		On: backend.Target{Instance: "orders"}, Database: "app", Archive: zipped(t, nil), Commands: []string{command},
	})
}

// A migration reaches neither the files nor the processes of an instance.
func TestMigrationIsAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the migrations of an ordinary user are that user's own code")
	}
	b := startPostgres(t, t.TempDir())
	pgProvision(t, b, "orders")
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
	// Two that run at once are two users.
	first, _ := attack(t, b, "id -u")
	second, _ := attack(t, b, "id -u")
	if first == second || first == "0\n" {
		t.Errorf("the users are %q and %q", first, second)
	}
}

// Nothing that a migration has started outlives it, however it hides.
func TestMigrationLeavesNoProcess(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid is not installed")
	}
	b := startPostgres(t, t.TempDir())
	pgProvision(t, b, "orders")
	commands := map[string]string{
		"in the background": `sleep 300 & echo $!`,
		"in a session":      `setsid sh -c 'echo $$; exec sleep 300' & sleep 0.2`,
		"forked twice":      `(setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) ; sleep 0.2`,
		"elsewhere":         `cd / && (setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) ; sleep 0.2`,
		"failed":            `(setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) ; sleep 0.2; false`,
	}
	if os.Geteuid() == 0 {
		commands["without a trace"] = `cd / && (env -i setsid sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' &) ; sleep 0.2`
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

// What a killed local cloud has left running goes with the next start.
func TestSweepEndsProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, g := startPostgres(t, dir), sandboxUser(t)
	folder, err := b.temporaryFolder(g)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Chown(folder); err != nil {
		t.Fatal(err)
	}
	left := exec.CommandContext(t.Context(), "sleep", "300")
	left.Dir, left.Env = folder, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder}
	if err := g.Start(left); err != nil {
		t.Fatal(err)
	}
	startPostgres(t, dir)
	ended := make(chan struct{})
	go func() {
		_ = left.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the process goes on")
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left behind", folder)
	}
}

func TestMigrationFillsNoDisk(t *testing.T) {
	t.Parallel()
	b := startPostgres(t, t.TempDir())
	pgProvision(t, b, "orders")
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

// The login of an application opens its own database and no other's.
func TestMigrationReachesItsOwnDatabase(t *testing.T) {
	t.Parallel()
	requirePsql(t)
	b := startPostgres(t, t.TempDir())
	address := pgProvision(t, b, "orders")
	for _, database := range []string{"app", "neighbour"} {
		if err := b.CreateDatabase(t.Context(), backend.Target{Instance: "orders"}, database); err != nil {
			t.Fatal(err)
		}
	}
	pgExecute(t, pgConnect(t, address, pgAdmin, "neighbour"), "CREATE TABLE secrets AS SELECT 42 AS n")
	if output, err := attack(t, b, `psql -Atc 'SELECT 1' "$DBOS_DATABASE_URL"`); err != nil || output != "1\n" {
		t.Fatalf("its own database: %q, %v", output, err)
	}
	output, err := attack(t, b, `psql -Atc 'SELECT n FROM secrets' "${DBOS_DATABASE_URL%/app}/neighbour"`)
	if err == nil || !strings.Contains(output, "permission denied for database") {
		t.Errorf("the neighbour's database: %q, %v", output, err)
	}
}
