// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

const (
	defaultKills = 12 // rounds: two of each kind; make reliability plays fifty
	killCalls    = 40 // about as many as one apply of killConfig makes
)

// killConfig makes eleven objects beside those of the base: the database instance "live", and the application "legacy"
// that runs on it.
const killConfig = `
variable "source_dir" {
  type = string
}

variable "moment" {
  type = string
}

resource "dbos_database_instance" "main" {
  name     = "orders"
  username = "alice"
  password = "Correct-horse-7"
}

resource "dbos_database_instance" "second" {
  name     = "reports"
  username = "bob"
  password = "Correct-horse-8"
}

resource "dbos_linked_database" "warehouse" {
  name     = "warehouse"
  hostname = "db.example.com"
  password = "Correct-horse-9"
}

resource "dbos_database_restore" "recovered" {
  name                 = "recovered"
  source_instance_name = "live"
  restore_timestamp    = var.moment
}

resource "dbos_application" "web" {
  name                   = "shop"
  database_instance_name = dbos_database_instance.main.id
  language               = "node"
}

resource "dbos_application" "audit" {
  name                   = "audit"
  database_instance_name = dbos_database_instance.second.id
  language               = "node"
}

resource "dbos_application_secret" "mail" {
  application_name = dbos_application.web.id
  name             = "MAIL_KEY"
  value            = "value-of-mail"
}

resource "dbos_application_secret" "pay" {
  application_name = dbos_application.web.id
  name             = "PAY_KEY"
  value            = "value-of-pay"
}

resource "dbos_application_deployment" "web" {
  application_name = dbos_application.web.id
  source_dir       = var.source_dir
  depends_on       = [dbos_application_secret.mail, dbos_application_secret.pay]
}

resource "dbos_application_deployment" "audit" {
  application_name = dbos_application.audit.id
  source_dir       = var.source_dir
}

resource "dbos_application_database_binding" "legacy" {
  application_name       = "legacy"
  database_instance_name = dbos_database_instance.main.id
}
`

// kill is a way to end something in the middle of an apply.
type kill struct {
	name string
	// unsaved means that Terraform does not save what is under way, so that the next apply deploys again what was
	// accepted.
	unsaved bool
	// untold means that Terraform does not print its errors, but may have saved what they are about.
	untold bool
	strike func(t *testing.T, r *killRound)
}

var kills = []kill{
	{name: "interrupt", strike: func(_ *testing.T, r *killRound) { r.apply.signal(syscall.SIGINT) }},
	{name: "interrupt twice", unsaved: true, untold: true, strike: func(t *testing.T, r *killRound) {
		r.apply.signal(syscall.SIGINT)
		r.apply.runFor(t.Context(), time.Duration(r.random.IntN(300))*time.Millisecond)
		r.apply.signal(syscall.SIGINT)
	}},
	{name: "kill provider", unsaved: true, strike: func(t *testing.T, r *killRound) { r.killProvider(t) }},
	{name: "kill Terraform", unsaved: true, strike: func(_ *testing.T, r *killRound) { r.apply.kill() }},
	{name: "kill both", unsaved: true, strike: func(t *testing.T, r *killRound) {
		r.killProvider(t)
		r.apply.kill()
	}},
	{name: "kill local cloud", strike: func(t *testing.T, r *killRound) { r.cloud.restart(t) }},
}

// killRound is one apply that is struck, and what follows.
type killRound struct {
	kill
	random *rand.Rand
	cloud  *cloudProcess
	w      *workspace.Workspace
	apply  *runningApply

	struck             bool // while Terraform ran
	applies            int  // after the one that was struck
	untainted, adopted int  // objects
	relinked           bool // as the plan said: the password of a link that is imported is set by linking again
}

// killTotal is what all rounds together did.
type killTotal struct {
	mu                                  sync.Mutex
	struck, applies, untainted, adopted int
}

func (total *killTotal) add(r *killRound) {
	total.mu.Lock()
	defer total.mu.Unlock()
	if r.struck {
		total.struck++
	}
	total.applies += r.applies
	total.untainted += r.untainted
	total.adopted += r.adopted
}

func (total *killTotal) report(t *testing.T, rounds uint64) {
	t.Helper()
	record(t, "SIGINT, or SIGKILL of the provider, of Terraform, of both or of the server, at a random moment of an apply", int(rounds),
		"nothing lost or orphaned: %d more applies, %d untaints and %d imports, as the messages say", total.applies, total.untainted, total.adopted)
	if !t.Failed() && rounds >= uint64(len(kills)) && 2*total.struck < int(rounds) {
		t.Error("most kills came after the end of the apply")
	}
}

// TestKills strikes an apply of eleven objects at random moments, then does what the errors say until it is complete.
// The seed in DBOS_KILL_SEED draws the same moments again, and DBOS_KILL_ROUNDS sets how many rounds there are.
func TestKills(t *testing.T) {
	t.Parallel()
	rounds, seed := fromEnvironment(t, "DBOS_KILL_ROUNDS", defaultKills), fromEnvironment(t, "DBOS_KILL_SEED", uint64(time.Now().UnixNano()))
	t.Logf("DBOS_KILL_SEED=%d DBOS_KILL_ROUNDS=%d", seed, rounds)
	base := newKillBase(t)
	var total killTotal
	t.Cleanup(func() { total.report(t, rounds) })
	for n := range rounds {
		k := kills[n%uint64(len(kills))]
		t.Run(fmt.Sprintf("%02d %s", n, k.name), func(t *testing.T) {
			t.Parallel()
			r := &killRound{kill: k, random: rand.New(rand.NewPCG(seed, n))}
			r.run(t, base)
			total.add(r)
		})
	}
}

func fromEnvironment(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return number
}

func (r *killRound) run(t *testing.T, base *killBase) {
	r.cloud = startCloud(t, base.cloudState(t))
	r.w = base.workspace(t, r.cloud.environment())
	calls, pause := r.random.IntN(killCalls), time.Duration(r.random.IntN(500))*time.Millisecond
	r.apply = startApply(t, r.w)
	for r.apply.running() && len(r.cloud.requests(t)) < calls {
		r.apply.runFor(t.Context(), 20*time.Millisecond)
	}
	r.apply.runFor(t.Context(), pause)
	r.struck = r.apply.running()
	t.Logf("struck after %d calls and %s; Terraform was running: %t", calls, pause, r.struck)
	r.strike(t, r)
	<-r.apply.done
	output := r.apply.output.String()
	acctest.Await(t, "no provider is left of Terraform", func() bool { return len(r.apply.providers(t)) == 0 })
	r.converge(t, output)
	if out, err := r.w.Run(t.Context(), "plan", "-detailed-exitcode"); err != nil {
		t.Errorf("the plan at the end is not empty: %v\n%s", err, out)
	}
	r.check(t)
	if t.Failed() {
		t.Logf("the apply that was struck:\n%s", output)
	}
}

// converge applies again until all is done, and does exactly what each error says.
func (r *killRound) converge(t *testing.T, output string) {
	t.Helper()
	r.follow(t, output, r.untold)
	for r.applies = 1; r.applies <= 4; r.applies++ {
		out, err := r.w.Run(t.Context(), "apply", "-auto-approve")
		r.relinked = r.relinked || strings.Contains(strings.Join(strings.Fields(out), " "), "applying this plan unlinks the database and links it again")
		if err == nil {
			return
		}
		if !r.follow(t, out, false) {
			t.Fatalf("the error tells no way on:\n%s", out)
		}
	}
	t.Fatal("it does not converge")
}

// follow does what errors say: it untaints what is tainted, and takes over what exists. It returns false if they say
// nothing.
func (r *killRound) follow(t *testing.T, output string, untold bool) bool {
	t.Helper()
	diagnostics := diagnosticsIn(output)
	before := r.untainted + r.adopted
	for _, address := range taintedIn(t, filepath.Join(r.w.Dir, "terraform.tfstate")) {
		kind, _, _ := strings.Cut(address, ".")
		told := slices.ContainsFunc(diagnostics, func(d diagnostic) bool {
			return d.address == address && strings.Contains(d.text, "terraform untaint "+kind+".NAME\n")
		})
		if !told && !untold {
			t.Errorf("%s is tainted, and no error says how to go on:\n%s", address, output)
		}
		if out, err := r.w.Run(t.Context(), "untaint", address); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		r.untainted++
	}
	for _, d := range diagnostics {
		block := importBlock.FindString(d.text)
		if block == "" {
			continue
		}
		kind, name, _ := strings.Cut(d.address, ".")
		if !strings.Contains(block, "to = "+kind+".NAME\n") {
			t.Errorf("the import block is not for %s:\n%s", d.address, block)
		}
		appendFile(t, filepath.Join(r.w.Dir, "imports.tf"), strings.Replace(block, ".NAME\n", "."+name+"\n", 1)+"\n")
		r.adopted++
	}
	return r.untainted+r.adopted > before
}

// check asks the server for what there is.
func (r *killRound) check(t *testing.T) {
	t.Helper()
	var instances []struct{ PostgresInstanceName, Status string }
	var applications []struct{ Name, Status, PostgresInstanceName string }
	r.cloud.get(t, "databases", &instances)
	r.cloud.get(t, "applications", &applications)
	var got []string
	for _, i := range instances {
		got = append(got, i.PostgresInstanceName+" "+i.Status)
	}
	for _, a := range applications {
		got = append(got, a.Name+" "+a.Status+" on "+a.PostgresInstanceName)
	}
	slices.Sort(got)
	want := []string{
		"audit AVAILABLE on reports", "legacy AVAILABLE on orders", "live available", "orders available", "recovered available",
		"reports available", "shop AVAILABLE on orders", "warehouse available",
	}
	if !slices.Equal(got, want) {
		t.Errorf("there are\n%q, want\n%q", got, want)
	}
	var secrets []string
	r.cloud.get(t, "applications/shop/secrets", &secrets)
	if slices.Sort(secrets); !slices.Equal(secrets, []string{"MAIL_KEY", "PAY_KEY"}) {
		t.Errorf("shop has the secrets %q", secrets)
	}
	for application, want := range map[string]int{"shop": 1, "audit": 1, "legacy": 1} {
		var versions []any
		r.cloud.get(t, "applications/"+application+"/versions", &versions)
		most := want
		if r.unsaved {
			most++
		}
		if len(versions) < want || len(versions) > most {
			t.Errorf("%s has %d versions, want %d, at most %d", application, len(versions), want, most)
		}
	}
	made := map[string]int{}
	for _, request := range r.cloud.allRequests(t) {
		relinks := r.relinked && strings.HasSuffix(request.Path, "/databases/byod/warehouse")
		if request.Method == http.MethodDelete && !relinks {
			t.Errorf("%s %s was sent, and no plan showed a deletion", request.Method, request.Path)
		}
		if request.Status/100 == 2 {
			made[request.Method+" "+strings.TrimPrefix(request.Path, "/v1alpha1/local/")]++
		}
	}
	links := 1
	if r.relinked {
		links = 2
	}
	for call, most := range map[string]int{"POST databases/userdb": 2, "POST databases/byod": links, "POST databases/userdb/live/restore": 1, "PUT applications": 2} {
		if made[call] > most {
			t.Errorf("%s was accepted %d times, want %d", call, made[call], most)
		}
	}
	if t.Failed() {
		t.Logf("accepted: %v", made)
	}
}

func (r *killRound) killProvider(t *testing.T) {
	t.Helper()
	acctest.Await(t, "Terraform has started its provider", func() bool { return !r.apply.running() || len(r.apply.providers(t)) > 0 })
	for _, pid := range r.apply.providers(t) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
