// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// brief is the product's timing, some hundred times faster.
var brief = cloud.Timing{
	Poll: 5 * time.Millisecond, LongestPoll: 20 * time.Millisecond, Settled: 30 * time.Millisecond, Appearing: 400 * time.Millisecond,
	Failing: 3 * time.Second, Backoff: 5 * time.Millisecond, LongestBackoff: 20 * time.Millisecond, Shared: 5 * time.Millisecond,
}

// every is the stride in which a usual run plays the cases: it has no divisor in common with the number of lengths, so
// that all of them come up. With DBOS_RELIABILITY=all every case is played.
const every = 7

// workers play cases at once, each against a local cloud of its own: most of a case is waiting.
const workers = 32

// trial is one call of one scenario that goes wrong in one way for one length of time.
type trial struct {
	scenario *scenario
	call     string // method and pattern
	wrong    wrong
	length   string
}

func (c trial) String() string {
	return fmt.Sprintf("%s %s / %s / %s, %s", c.scenario.kind, c.scenario.name, c.call, c.wrong.name, c.length)
}

// TestMatrix plays every call of every operation against every fault.
func TestMatrix(t *testing.T) {
	t.Parallel()
	list := scenarios()
	source, other := applicationFolder(t, "1"), applicationFolder(t, "2")
	calls := map[string]bool{}
	var cases []trial
	first := newWorld(t, source, other)
	for i := range list {
		made, err := first.callsOf(&list[i])
		if err != nil {
			t.Fatalf("%s %s without a fault: %v", list[i].kind, list[i].name, err)
		}
		for _, call := range made {
			if call == "GET user/profile" && calls[call] {
				continue // Every operation asks for it in the same way.
			}
			calls[call] = true
			for _, w := range wrongs() {
				if cannotBeSeen(&list[i], call, w) {
					continue
				}
				for _, length := range w.played() {
					cases = append(cases, trial{&list[i], call, w, length})
				}
			}
		}
	}
	checkCalls(t, calls)

	stride := every
	if everything() {
		stride = 1
	}
	queue := make(chan trial)
	var group sync.WaitGroup
	var succeeded, failed, wrongOnes atomic.Int64
	for range workers {
		w := newWorld(t, source, other)
		group.Go(func() {
			for c := range queue {
				ok, err := w.play(c)
				switch {
				case err != nil:
					if wrongOnes.Add(1) <= 25 {
						t.Errorf("%s: %v", c, err)
					}
				case ok:
					succeeded.Add(1)
				default:
					failed.Add(1)
				}
			}
		})
	}
	begun := time.Now()
	for i, c := range cases {
		if i%stride != 0 {
			continue
		}
		queue <- c
	}
	close(queue)
	group.Wait()
	played := int(succeeded.Load() + failed.Load() + wrongOnes.Load())
	t.Logf("%d of %d cases in %s", played, len(cases), time.Since(begun).Round(time.Second))
	record(t, fmt.Sprintf("one of %d calls of %d operations goes wrong, in one of %d ways", len(calls), len(list), len(wrongs())), played,
		"%d succeed in one apply; %d end in an error that says how to go on, after which one more apply converges", succeeded.Load(), failed.Load())
}

// cannotBeSeen reports whether nothing tells that an answer is wrong. No call asks for one secret: a list that lacks it
// says that it is gone.
func cannotBeSeen(s *scenario, call string, w wrong) bool {
	return s.kind == "dbos_application_secret" && call == "GET applications/*/secrets" &&
		(w.fault.Alter == localcloud.AlterOmit || w.fault.Alter == localcloud.AlterNull)
}

// checkCalls holds the calls of the scenarios against those that the client's code makes, so that none is forgotten.
func checkCalls(t *testing.T, calls map[string]bool) {
	t.Helper()
	made := callsInCode(t, "../cloud")
	for call := range made {
		if !calls[call] {
			t.Errorf("no scenario makes the call %s", call)
		}
	}
	for call := range calls {
		if !made[call] {
			t.Errorf("the call %s is not found in the code", call)
		}
	}
}

// world is a local cloud, and the objects that cases make on it.
type world struct {
	t             *testing.T
	cloud         *acctest.Cloud
	source, other string
	moment        time.Time // at which base was there
	last          int
}

func newWorld(t *testing.T, source, other string) *world {
	t.Helper()
	c := acctest.Start(t, acctest.ProvisionTime(10*time.Millisecond), func(o *localcloud.Options) { o.KeepBodies = true })
	c.Provision(t, "base", "alice", firstSecret)
	c.Provision(t, "other", "alice", firstSecret)
	return &world{t: t, cloud: c, source: source, other: other, moment: time.Now()}
}

// begin makes what a scenario finds, by hand and by Terraform.
func (w *world) begin(s *scenario) (n named, prior *object, err error) {
	w.last++
	n = named{instance: fmt.Sprintf("db%d", w.last), application: fmt.Sprintf("app%d", w.last), source: w.source, other: w.other, moment: w.moment}
	if s.instance {
		w.cloud.Provision(w.t, n.instance, "alice", firstSecret)
	}
	if s.link {
		w.call(http.MethodPost, "databases/byod", map[string]any{
			"Name": n.instance, "HostName": "db.example.com", "Port": 5432, "Password": firstSecret, "captureProvenance": false, "dbosAdminName": "boss",
		})
	}
	if s.application {
		w.cloud.Register(w.t, n.application, "base")
	}
	if s.secret {
		w.call(http.MethodPost, "applications/secrets", map[string]string{"ApplicationName": n.application, "SecretName": "KEY", "ClearSecretValue": firstSecret})
	}
	if s.deployed {
		w.call(http.MethodPost, "applications/"+n.application, map[string]string{"application_archive": archive(w.t)})
		acctest.Await(w.t, n.application+" is available", func() bool {
			var application struct{ Status string }
			w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application, nil, &application)
			return application.Status == "AVAILABLE"
		})
	}
	if s.before == nil {
		return n, nil, nil
	}
	d, err := w.drive(trial{})
	if err != nil {
		return n, nil, err
	}
	prior, ok, err := d.apply(s.kind, nil, patient(s.before(n)))
	if err != nil || !ok {
		return n, nil, fmt.Errorf("what was to be there before: %w %s", err, d.said.String())
	}
	return n, prior, nil
}

func (w *world) call(method, path string, body any) {
	w.t.Helper()
	if status := w.cloud.Call(w.t, method, path, body, nil); status/100 != 2 {
		w.t.Fatalf("%s %s by hand: %d", method, path, status)
	}
}

// drive starts Terraform anew. It asks for its organization, as most do.
func (w *world) drive(c trial) (*driver, error) {
	retry, request := 200*time.Millisecond, 5*time.Second
	switch {
	case c.wrong.retry > 0:
		retry = c.wrong.retry
	case c.wrong.fault.Hang:
		request = 500 * time.Millisecond
	case c.scenario == nil:
		retry = 5 * time.Second
	}
	return drive(context.WithoutCancel(w.t.Context()), w.cloud.Environment(), brief, config{"retry_timeout": retry.String(), "request_timeout": request.String()})
}

// run carries the operation of a scenario out.
func (s *scenario) run(d *driver, n named, prior *object, limits func(config) config) (after *object, ok bool, err error) {
	switch {
	case s.do != nil:
		var stop context.CancelFunc // A user would press Ctrl-C.
		d.ctx, stop = context.WithTimeout(d.ctx, 1500*time.Millisecond)
		defer stop()
		ok, err = s.do(d, n)
		return nil, ok, err
	case s.id != nil:
		return d.adopt(s.kind, s.id(n))
	}
	if prior != nil { // Terraform refreshes before it plans.
		if prior, ok, err = d.read(prior); err != nil || !ok {
			return prior, false, err
		}
	}
	if prior == nil && s.after == nil {
		return nil, true, nil
	}
	if s.after == nil {
		return d.apply(s.kind, prior, nil)
	}
	return d.apply(s.kind, prior, limits(s.after(n)))
}

// impatient has the operations of a configuration end soon: a call that goes wrong for ever is waited for.
func impatient(set config) config { return limited(set, "4s") }

// patient lets operations take long enough for a busy machine.
func patient(set config) config { return limited(set, "30s") }

func limited(set config, limit string) config {
	set["timeouts"] = config{"create": limit, "update": limit, "delete": limit}
	return set
}

// callsOf plays a scenario without a fault, and returns the calls that it makes.
func (w *world) callsOf(s *scenario) ([]string, error) {
	n, prior, err := w.begin(s)
	if err != nil {
		return nil, err
	}
	before := len(w.cloud.Requests())
	d, err := w.drive(trial{})
	if err != nil {
		return nil, err
	}
	after, ok, err := s.run(d, n, prior, patient)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w %s", err, d.said.String())
	}
	calls := map[string]bool{}
	for _, request := range w.cloud.Requests()[before:] {
		calls[w.callOf(request)] = true
	}
	if err := w.check(s, n, before); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(calls)), w.converges(s, n, after)
}

// words are the elements of a path that are no names.
var words = map[string]bool{
	"databases": true, "userdb": true, "info": true, "byod": true, "credentials": true, "restore": true, "applications": true, "secrets": true,
	"versions": true, "changedbinstance": true, "user": true, "profile": true, "users": true,
}

func (w *world) callOf(r localcloud.Request) string {
	path := strings.TrimPrefix(r.Path, "/v1alpha1/")
	path = strings.TrimPrefix(path, w.cloud.Connection().Organization+"/")
	elements := strings.Split(path, "/")
	for i, element := range elements {
		if !words[element] {
			elements[i] = "*"
		}
	}
	return r.Method + " " + strings.Join(elements, "/")
}

// wayOn is what an error of a write tells the user to do, or that there is nothing to do.
var wayOn = regexp.MustCompile(`(?i)apply again|terraform apply|untaint|next plan|import|nothing was|as it was|run the action again|before you run|still be|once the cause|check the|take[sn]? |put `)

// play plays one case. It returns whether the operation succeeded although the call went wrong, and an error if
// something is not as it must be.
func (w *world) play(c trial) (ok bool, err error) {
	s := c.scenario
	n, prior, err := w.begin(s)
	if err != nil {
		return false, err
	}
	<-time.After(c.wrong.fault.Unseen) // What is there before was seen by whoever made it.
	before := len(w.cloud.Requests())
	fault := c.wrong.fault
	fault.Method, fault.Path, _ = strings.Cut(c.call, " ")
	lengths[c.length](&fault)
	lift := w.cloud.Inject(fault)
	d, err := w.drive(c)
	if err != nil {
		lift()
		return false, err
	}
	after, ok, err := s.run(d, n, prior, impatient)
	lift()
	if err != nil {
		return false, err
	}
	output := d.output()
	for _, secret := range []string{firstSecret, secondSecret, w.cloud.Connection().Token, w.cloud.Connection().RefreshToken} {
		if i := strings.Index(output, secret); i >= 0 {
			return false, fmt.Errorf("a secret shows: %s", output[max(0, i-200):min(len(output), i+50)])
		}
	}
	if !ok && s.do == nil && s.id == nil {
		if said := d.said.String(); !wayOn.MatchString(said) || !names(said, n.instance, n.application, "\"base\"") {
			return false, fmt.Errorf("the error names no object or no way on: %s", said)
		}
	}
	if ok {
		if err := w.check(s, n, before); err != nil {
			return false, fmt.Errorf("after a success: %w (%s)", err, d.said.String())
		}
	}
	if err := w.converges(s, n, after); err != nil {
		return false, fmt.Errorf("%w\nfirst, ok=%t: %s", err, ok, d.said.String())
	}
	return ok, w.check(s, n, before)
}

// names reports whether a text names one of the objects: its own, or the source of a restore.
func names(text string, objects ...string) bool {
	return slices.ContainsFunc(objects, func(name string) bool { return strings.Contains(text, name) })
}

// converges follows the way on: after one more apply, for which a user may have to untaint, the plan is empty.
func (w *world) converges(s *scenario, n named, o *object) error {
	if s.do != nil {
		return nil
	}
	d, err := w.drive(trial{})
	if err != nil {
		return err
	}
	ok := false
	switch {
	case s.id != nil:
		if _, ok, err = d.adopt(s.kind, s.id(n)); err != nil || !ok {
			return fmt.Errorf("the import does not work: %w %s", err, d.said.String())
		}
		return nil
	case s.after == nil && o == nil:
		return nil
	default:
		if o, ok, err = s.run(d, n, o, patient); err != nil || !ok {
			return fmt.Errorf("one more apply does not work: %w %s", err, d.said.String())
		}
	}
	if s.after == nil {
		return nil
	}
	if o == nil {
		return errors.New("nothing is in the state")
	}
	if o, ok, err = d.read(o); err != nil || !ok || o == nil {
		return fmt.Errorf("the refresh does not work: %w %s", err, d.said.String())
	}
	if changes, err := d.changes(o, patient(s.after(n))); err != nil || changes {
		return fmt.Errorf("the next plan is not empty: %w %s", err, d.said.String())
	}
	return nil
}

// check asks the server for what there is.
func (w *world) check(s *scenario, n named, before int) error {
	var instance struct {
		Status   string
		IsLinked bool
	}
	status := w.cloud.Call(w.t, http.MethodGet, "databases/userdb/info/"+n.instance, nil, &instance)
	if there := status == http.StatusOK; there != (s.want.instance || s.want.link) || there && instance.IsLinked != s.want.link {
		return fmt.Errorf("the server has instance %s: %d %+v", n.instance, status, instance)
	}
	var application struct{ PostgresInstanceName string }
	status = w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application, nil, &application)
	if there := status == http.StatusOK; there != s.want.application || s.want.on != "" && application.PostgresInstanceName != s.want.on {
		return fmt.Errorf("the server has application %s: %d %+v", n.application, status, application)
	}
	if s.want.application {
		if err := w.checkApplication(s, n); err != nil {
			return err
		}
	}
	return w.checkWrites(s, n, before)
}

func (w *world) checkApplication(s *scenario, n named) error {
	var versions []struct{ Version string }
	w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application+"/versions", nil, &versions)
	if s.want.versions >= 0 && len(versions) != s.want.versions {
		return fmt.Errorf("the application has %d versions, want %d", len(versions), s.want.versions)
	}
	var secrets []string
	w.cloud.Call(w.t, http.MethodGet, "applications/"+n.application+"/secrets", nil, &secrets)
	if (len(secrets) == 1) != s.want.secret {
		return fmt.Errorf("the application has secrets %v", secrets)
	}
	return nil
}

// checkWrites looks for what was destroyed, and for the password that was accepted last.
func (w *world) checkWrites(s *scenario, n named, before int) error {
	password := ""
	for _, request := range w.cloud.Requests()[before:] {
		if request.Method == http.MethodDelete && !s.want.deletes {
			return fmt.Errorf("something was destroyed: %s", request.Path)
		}
		var sent struct{ Name, AdminPassword, Password string }
		if request.Method != http.MethodPost || json.Unmarshal(request.Body, &sent) != nil {
			continue
		}
		if sent.Name == n.instance && sent.AdminPassword != "" {
			password = sent.AdminPassword
		}
		if strings.HasSuffix(request.Path, "/"+n.instance+"/credentials") && request.Status/100 == 2 {
			password = sent.Password
		}
	}
	if s.want.password != "" && password != s.want.password {
		return fmt.Errorf("the password is not the one that was asked for (%d characters)", len(password))
	}
	return nil
}

func applicationFolder(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"package.json": "{}", "dbos-config.yaml": "name: shop\nlanguage: node\n", "version.txt": version} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// archive is an application as the CLI would send it.
func archive(t *testing.T) string {
	t.Helper()
	var packed bytes.Buffer
	files := zip.NewWriter(&packed)
	file, err := files.Create("dbos-config.yaml")
	if err == nil {
		_, err = file.Write([]byte("name: shop\nlanguage: node\n"))
	}
	if err := errors.Join(err, files.Close()); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}
