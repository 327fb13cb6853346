// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// defaultKills is the number of rounds: two of each kill. make reliability plays fifty.
const defaultKills = 12

// kill is a way to end something while Terraform runs.
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
	{name: "interrupt", strike: func(_ *testing.T, r *killRound) { r.run.signal(syscall.SIGINT) }},
	{name: "interrupt twice", unsaved: true, untold: true, strike: func(t *testing.T, r *killRound) {
		r.run.signal(syscall.SIGINT)
		r.run.waitFor(t.Context(), time.Duration(r.random.IntN(300))*time.Millisecond)
		r.run.signal(syscall.SIGINT)
	}},
	{name: "kill provider", unsaved: true, strike: func(t *testing.T, r *killRound) { r.killProvider(t) }},
	{name: "kill Terraform", unsaved: true, strike: func(_ *testing.T, r *killRound) { r.run.kill() }},
	{name: "kill both", unsaved: true, strike: func(t *testing.T, r *killRound) {
		r.killProvider(t)
		r.run.kill()
	}},
	{name: "kill local cloud", strike: func(t *testing.T, r *killRound) { r.cloud.restart(t) }},
}

// killRound is one run of Terraform that is struck, and what follows.
type killRound struct {
	kill
	stage
	random *rand.Rand
	cloud  *cloudProcess
	w      *workspace.Workspace
	temp   string // of Terraform and its providers
	run    *terraformRun

	struck             bool // while Terraform ran
	killed             int  // providers
	relinks            int  // plans that said that the database is linked again
	applies            int  // after the run that was struck
	untainted, adopted int  // objects
}

// TestKills strikes runs of Terraform at random moments, then does what the errors say until all is done. The seed in
// DBOS_KILL_SEED draws the same moments again, and DBOS_KILL_ROUNDS sets how many rounds there are.
func TestKills(t *testing.T) {
	t.Parallel()
	rounds, seed := fromEnvironment(t, "DBOS_KILL_ROUNDS", defaultKills), fromEnvironment(t, "DBOS_KILL_SEED", uint64(time.Now().UnixNano()))
	t.Logf("DBOS_KILL_SEED=%d DBOS_KILL_ROUNDS=%d", seed, rounds)
	base := newKillBase(t)
	var total killTotal
	t.Cleanup(func() { total.report(t) })
	for n := range rounds {
		k := kills[n%uint64(len(kills))]
		s := stages[(n+n/uint64(len(kills)))%uint64(len(stages))] // eighteen rounds play every kill at every stage
		t.Run(fmt.Sprintf("%02d %s, %s", n, s.name, k.name), func(t *testing.T) {
			t.Parallel()
			r := &killRound{kill: k, stage: s, random: rand.New(rand.NewPCG(seed, n))}
			r.play(t, base)
			total.add(r)
		})
	}
}

func (r *killRound) play(t *testing.T, base *killBase) {
	r.cloud = startCloud(t, base.cloudState(t, r.stage))
	r.w, r.temp = base.workspace(t, r.cloud, r.stage)
	calls, pause := r.random.IntN(r.calls), time.Duration(r.random.IntN(500))*time.Millisecond
	r.run = startTerraform(t, r.w, r.command, "-auto-approve")
	for r.run.running() && len(r.cloud.requests()) < calls {
		r.run.waitFor(t.Context(), 20*time.Millisecond)
	}
	r.run.waitFor(t.Context(), pause)
	r.struck = r.run.running()
	t.Logf("struck after %d calls and %s; Terraform was running: %t", calls, pause, r.struck)
	r.strike(t, r)
	<-r.run.done
	acctest.Await(t, "no provider is left of Terraform", func() bool { return len(r.run.providers(t)) == 0 })
	output := r.run.output.String()
	r.converge(t, output)
	r.check(t)
	r.checkLeftovers(t)
	if t.Failed() {
		t.Logf("the run that was struck:\n%s", output)
	}
}

func (r *killRound) killProvider(t *testing.T) {
	t.Helper()
	acctest.Await(t, "Terraform has started its provider", func() bool { return !r.run.running() || len(r.run.providers(t)) > 0 })
	for _, pid := range r.run.providers(t) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		r.killed++
	}
}

// killTotal is what all rounds together did.
type killTotal struct {
	mu                                          sync.Mutex
	rounds, struck, applies, untainted, adopted int
}

func (total *killTotal) add(r *killRound) {
	total.mu.Lock()
	defer total.mu.Unlock()
	total.rounds++
	if r.struck {
		total.struck++
	}
	total.applies += r.applies
	total.untainted += r.untainted
	total.adopted += r.adopted
}

func (total *killTotal) report(t *testing.T) {
	t.Helper()
	record(t, "SIGINT, or SIGKILL of the provider, of Terraform, of both or of the server, at a random moment of an apply that creates eleven objects, "+
		"of one that changes all of them, or of a destroy", total.rounds,
		"nothing lost, orphaned, doubled or left at an old value: %d more runs, %d untaints and %d imports, as the messages say",
		total.applies, total.untainted, total.adopted)
	// About four fifths strike. By chance, and on a machine with a speed of its own, there may be fewer.
	if !t.Failed() && total.rounds >= len(kills) && 4*total.struck < total.rounds {
		t.Error("most kills came after the end of the run")
	}
}
