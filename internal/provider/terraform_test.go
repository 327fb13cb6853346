// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// The tests of this file type what a person would, where the testing framework has no step for it: untaint, Ctrl-C, a
// state file of an older build.

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

// workdir is a working directory against a local cloud.
type workdir struct {
	*workspace.Workspace
	t *testing.T
}

// inWorkspace writes a configuration, initialises it, and returns where terraform can be run on it.
func inWorkspace(t *testing.T, c *acctest.Cloud, config string) *workdir {
	t.Helper()
	tf := &workdir{Workspace: acctest.Workspace(t, t.TempDir(), c.Variables()...), t: t}
	tf.write("terraform.tf", acctest.Requirements)
	tf.write("main.tf", config)
	tf.ok("init")
	return tf
}

func (tf *workdir) write(file, content string) {
	tf.t.Helper()
	if err := os.WriteFile(filepath.Join(tf.Dir, file), []byte(content), 0o600); err != nil {
		tf.t.Fatal(err)
	}
}

// ok runs a command that must succeed.
func (tf *workdir) ok(args ...string) string {
	tf.t.Helper()
	out, err := tf.Run(tf.t.Context(), args...)
	if err != nil {
		tf.t.Fatalf("%s: %v", tf.Command(args...), err)
	}
	return out
}

// fails runs a command that must fail and say these parts in order.
func (tf *workdir) fails(args []string, parts ...string) {
	tf.t.Helper()
	out, err := tf.Run(tf.t.Context(), args...)
	if err == nil {
		tf.t.Fatalf("%s succeeded:\n%s", tf.Command(args...), out)
	}
	// Terraform draws a bar down the side of each diagnostic.
	if want := says(parts...); !want.MatchString(strings.ReplaceAll(out, "│ ", "")) {
		tf.t.Fatalf("%s does not say %q:\n%s", tf.Command(args...), parts, out)
	}
}

// unchanged demands an empty plan.
func (tf *workdir) unchanged() {
	tf.t.Helper()
	tf.ok("plan", "-detailed-exitcode")
}

// attributes are those of the instance in the state, and whether it is tainted.
func (tf *workdir) attributes() (attributes map[string]any, tainted bool) {
	tf.t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Address string
					Tainted bool
					Values  map[string]any
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(tf.ok("show", "-json")), &state); err != nil {
		tf.t.Fatal(err)
	}
	for _, object := range state.Values.RootModule.Resources {
		if object.Address == instanceAddress {
			return object.Values, object.Tainted
		}
	}
	tf.t.Fatalf("%s is not in the state", instanceAddress)
	return nil, false
}

var apply = []string{"apply", "-auto-approve"}

// shortCreate leaves a slow machine the time to make the instance, and to see its status.
const shortCreate = "  timeouts {\n    create = \"10s\"\n  }\n"

func TestTerraformUntaintFinishesACreate(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	release := c.HoldStatus("orders", "creating")
	tf := inWorkspace(t, c, instanceConfig{Password: firstPassword, More: shortCreate}.String())

	tf.fails(apply, `Database instance "orders" is not ready`, "create limit", `last status was "creating"`, "Nothing was deleted", "terraform untaint dbos_database_instance.NAME", "terraform apply")
	if attributes, tainted := tf.attributes(); !tainted || attributes["hostname"] != nil || attributes["id"] != "orders" {
		t.Errorf("tainted = %t, attributes = %v; want a tainted object without a host name", tainted, attributes)
	}
	tf.fails(apply, "is protected from being destroyed", "terraform untaint dbos_database_instance.NAME")
	release()
	tf.ok("untaint", instanceAddress)
	tf.ok(apply...)
	if attributes, _ := tf.attributes(); attributes["hostname"] == nil {
		t.Error("the finished instance has no host name")
	}
	tf.unchanged()
	for call, want := range map[string]int{"POST databases/userdb": 1, "DELETE databases/userdb/*": 0, "POST databases/userdb/*/credentials": 0} {
		method, path, _ := strings.Cut(call, " ")
		if got := c.Count(method, path); got != want {
			t.Errorf("%s was called %d times, want %d", call, got, want)
		}
	}
}

func TestTerraformInterruptKeepsWhatExists(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent an interrupt there")
	}
	c := acctest.Start(t)
	release := c.HoldStatus("orders", "creating")
	tf := inWorkspace(t, c, instanceConfig{Password: firstPassword}.String())

	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := tf.Run(ctx, apply...)
		ended <- err
	}()
	acctest.Await(t, "the instance is polled", func() bool { return c.Count("GET", "databases/userdb/info/*") > 1 })
	interrupted := time.Now()
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the apply ended with %v", err)
	}
	// Terraform itself needs some of this to write its state and stop. After twice as long it would be killed.
	if took := time.Since(interrupted); took > 10*time.Second {
		t.Errorf("the interrupt took %v", took)
	}
	if attributes, tainted := tf.attributes(); !tainted || attributes["id"] != "orders" {
		t.Errorf("tainted = %t, attributes = %v; want the tainted object", tainted, attributes)
	}
	release()
	tf.ok("untaint", instanceAddress)
	tf.ok(apply...)
	tf.unchanged()
	if n := c.Count("POST", "databases/userdb"); n != 1 {
		t.Errorf("%d instances were made, want one", n)
	}
}

// TestTerraformUnfinishedPassword loses the answer to the create and then everything until the limit: the password that
// was never confirmed is not in the state, and the next apply sets it.
func TestTerraformUnfinishedPassword(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Inject(localcloud.Fault{Method: "POST", Path: "databases/userdb", Times: 1, Lose: true})
	release := c.HoldStatus("orders", "creating")
	tf := inWorkspace(t, c, instanceConfig{Password: firstPassword, More: shortCreate}.String())

	tf.fails(apply, "is not ready")
	if attributes, _ := tf.attributes(); attributes["password"] != nil {
		t.Error("the state holds a password that the server may not have")
	}
	release()
	tf.ok("untaint", instanceAddress)
	tf.ok(apply...)
	if attributes, _ := tf.attributes(); attributes["password"] != firstPassword {
		t.Error("the password was not finished")
	}
	tf.unchanged()
	if n := c.Count("POST", "databases/userdb/*/credentials"); n != 1 {
		t.Errorf("the password was sent %d times, want once", n)
	}
}

// TestTerraformStoredState plans a state file that an earlier build wrote.
func TestTerraformStoredState(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	c.Provision(t, "orders", "app", firstPassword)
	stored, err := os.ReadFile(filepath.Join("testdata", "database_instance_state.json"))
	if err != nil {
		t.Fatal(err)
	}
	tf := inWorkspace(t, c, instanceConfig{Password: firstPassword}.String())
	tf.write("terraform.tfstate", string(stored))
	tf.unchanged()
}

// TestTerraformLogsNoSecret traces everything while an instance is made, rotated, and refused.
func TestTerraformLogsNoSecret(t *testing.T) {
	t.Parallel()
	c := acctest.Start(t)
	tf := inWorkspace(t, c, instanceConfig{Password: firstPassword, Version: 1}.String())
	tf.Env = append(tf.Env, "TF_LOG=TRACE")
	logs := tf.ok(apply...)
	if !strings.Contains(logs, "databases/userdb/info/orders") {
		t.Fatal("the log has no line of a request")
	}
	c.Inject(localcloud.Fault{Method: "POST", Path: "databases/userdb/*/credentials", Status: 400, Body: `{"message":"refused","statusCode":400,"requestID":"r-1"}`})
	tf.write("main.tf", instanceConfig{Password: secondPassword, Version: 2}.String())
	refused, err := tf.Run(t.Context(), apply...)
	if err == nil {
		t.Fatal("the refused password was accepted")
	}
	state, err := os.ReadFile(filepath.Join(tf.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"first password": firstPassword, "second password": secondPassword, "token": c.Connection().Token} {
		for where, text := range map[string]string{"log": logs, "log of the refusal": refused, "state": string(state)} {
			// Terraform itself quotes its configuration's source at trace level nowhere.
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in the %s", name, where)
			}
		}
	}
}
