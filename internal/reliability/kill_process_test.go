// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/acctest"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
	"github.com/dbos-community/terraform-provider-dbos/internal/workspace"
)

// killBase is what all rounds begin with.
type killBase struct {
	state       string               // directory of a local cloud with one instance and one application
	initialised *workspace.Workspace // whose plugins all rounds use
	variables   []string
}

var applicationFiles = map[string]string{"package.json": "{}", "dbos-config.yaml": "name: killed\nlanguage: node\n"}

func newKillBase(t *testing.T) *killBase {
	t.Helper()
	b := &killBase{state: t.TempDir()}
	c := startCloud(t, b.state)
	c.call(t, http.MethodPost, "databases/userdb", map[string]string{"Name": "live", "AdminName": "carol", "AdminPassword": "Correct-horse-6"}, nil)
	c.await(t, "databases/userdb/info/live", "available")
	c.call(t, http.MethodPut, "applications", map[string]string{"name": "legacy", "database": "live", "language": "node", "provenancedb": ""}, nil)
	c.call(t, http.MethodPost, "applications/legacy", map[string]string{"application_archive": archiveOf(t, applicationFiles)}, nil)
	c.await(t, "applications/legacy", "AVAILABLE")
	moment := time.Now().Format(time.RFC3339Nano)
	c.stop(t, syscall.SIGTERM)

	source := t.TempDir()
	for name, content := range applicationFiles {
		appendFile(t, filepath.Join(source, name), content)
	}
	b.initialised = newWorkspace(t, killConfig)
	b.variables = []string{
		"TF_VAR_source_dir=" + source, "TF_VAR_moment=" + moment,
		"TF_DATA_DIR=" + filepath.Join(b.initialised.Dir, ".terraform"),
	}
	return b
}

// cloudState is a copy of the local cloud's directory.
func (b *killBase) cloudState(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(b.state)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// workspace is a folder that needs no init of its own.
func (b *killBase) workspace(t *testing.T, env []string) *workspace.Workspace {
	t.Helper()
	// A provider that is killed leaves its socket behind. The path of a socket has to be short.
	temp, err := os.MkdirTemp("", "kill-") //nolint:usetesting // The folder that testing makes has a long path.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(temp); err != nil {
			t.Error(err)
		}
	})
	env = append(env, "TMPDIR="+temp)
	w := &workspace.Workspace{Dir: t.TempDir(), Engine: b.initialised.Engine, Env: append(env, b.variables...)}
	for _, name := range []string{"main.tf", ".terraform.lock.hcl"} {
		content, err := os.ReadFile(filepath.Join(b.initialised.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		appendFile(t, filepath.Join(w.Dir, name), string(content))
	}
	return w
}

// runningApply is an apply that is under way.
type runningApply struct {
	command *exec.Cmd
	output  *bytes.Buffer // to be read after its end
	done    chan struct{}
}

func startApply(t *testing.T, w *workspace.Workspace) *runningApply {
	t.Helper()
	a := &runningApply{command: exec.CommandContext(context.WithoutCancel(t.Context()), w.Engine.Path, "apply", "-auto-approve"),
		output: &bytes.Buffer{}, done: make(chan struct{})}
	a.command.Dir, a.command.Env = w.Dir, workspace.Environment(os.Environ(), w.Env...)
	a.command.Stdout, a.command.Stderr = a.output, a.output
	a.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	a.command.WaitDelay = 10 * time.Second
	if err := a.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = a.command.Wait() // How it ends is the test's matter.
		close(a.done)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-a.command.Process.Pid, syscall.SIGKILL)
		<-a.done
	})
	return a
}

func (a *runningApply) running() bool {
	select {
	case <-a.done:
		return false
	default:
		return true
	}
}

// runFor lets it go on for a while.
func (a *runningApply) runFor(ctx context.Context, d time.Duration) {
	select {
	case <-a.done:
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// signal reaches Terraform and its provider, as Ctrl-C at a terminal does.
func (a *runningApply) signal(s syscall.Signal) {
	if a.running() {
		_ = syscall.Kill(-a.command.Process.Pid, s)
	}
}

// kill reaches Terraform alone.
func (a *runningApply) kill() { _ = a.command.Process.Kill() }

// providers are the processes of the provider that Terraform has started, and that are still there.
func (a *runningApply) providers(t *testing.T) []int {
	t.Helper()
	program, err := filepath.EvalSymlinks(filepath.Join(buildDir, "terraform-provider-dbos"))
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, folder := range folders {
		// A process that ends meanwhile has neither.
		exe, _ := os.Readlink(filepath.Join(folder, "exe"))
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if group, err := syscall.Getpgid(pid); exe == program && err == nil && group == a.command.Process.Pid {
			found = append(found, pid)
		}
	}
	return found
}

// cloudProcess is a local cloud in a process of its own.
type cloudProcess struct {
	dir        string
	listen     string
	process    *exec.Cmd
	connection localcloud.Connection
	former     []localcloud.RequestStatus // of the processes before this one
	log        bytes.Buffer
}

// localCloud is the local cloud's program, built once.
var localCloud = sync.OnceValues(func() (string, error) {
	root, err := workspace.ModuleRoot()
	if err != nil {
		return "", err
	}
	program := filepath.Join(buildDir, "dbos-localcloud")
	return program, workspace.GoBuild(context.Background(), root, program, "./internal/localcloud/cmd")
})

func startCloud(t *testing.T, dir string) *cloudProcess {
	t.Helper()
	c := &cloudProcess{dir: dir, listen: "127.0.0.1:0"}
	t.Cleanup(func() {
		_ = c.process.Process.Kill()
		_ = c.process.Wait()
		if t.Failed() {
			t.Logf("log of the local cloud:\n%s", c.log.String())
		}
	})
	c.start(t)
	return c
}

func (c *cloudProcess) start(t *testing.T) {
	t.Helper()
	program, err := localCloud()
	if err != nil {
		t.Fatal(err)
	}
	c.process = exec.CommandContext(context.WithoutCancel(t.Context()), program, "up", "--json", "--backend", "simulated",
		"--provision-time", "1s", "--state-dir", c.dir, "--listen", c.listen)
	c.process.Stderr = &c.log
	output, err := c.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the local cloud does not start: %v", err)
	}
	if err := json.Unmarshal(line, &c.connection); err != nil {
		t.Fatal(err)
	}
	c.listen = strings.TrimPrefix(c.connection.Endpoint, "http://")
}

func (c *cloudProcess) stop(t *testing.T, s os.Signal) {
	t.Helper()
	if err := c.process.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	_ = c.process.Wait() // Killed, it ends with an error.
}

// restart kills it, and starts it again at the same address.
func (c *cloudProcess) restart(t *testing.T) {
	t.Helper()
	c.former = c.allRequests(t)
	c.stop(t, os.Kill)
	c.start(t)
}

func (c *cloudProcess) environment() []string {
	return []string{"DBOS_ENDPOINT=" + c.connection.Endpoint, "DBOS_TOKEN=" + c.connection.Token}
}

func (c *cloudProcess) requests(t *testing.T) (requests []localcloud.RequestStatus) {
	t.Helper()
	c.send(t, http.MethodGet, "/localcloud/requests", nil, &requests)
	return requests
}

func (c *cloudProcess) allRequests(t *testing.T) []localcloud.RequestStatus {
	t.Helper()
	return append(c.former, c.requests(t)...)
}

func (c *cloudProcess) get(t *testing.T, path string, answer any) {
	t.Helper()
	c.call(t, http.MethodGet, path, nil, answer)
}

func (c *cloudProcess) await(t *testing.T, path, status string) {
	t.Helper()
	acctest.Await(t, path+" is "+status, func() bool {
		var record struct{ Status string }
		c.get(t, path, &record)
		return record.Status == status
	})
}

// call asks the control plane as somebody would behind Terraform's back.
func (c *cloudProcess) call(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	c.send(t, method, "/v1alpha1/"+c.connection.Organization+"/"+path, body, answer)
}

func (c *cloudProcess) send(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.connection.Endpoint+path, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.connection.Token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// diagnostic is an error that Terraform prints, about the object of an address.
type diagnostic struct{ address, text string }

var (
	diagnosticStart   = regexp.MustCompile(`(?m)^(Error|Warning): `)
	diagnosticAddress = regexp.MustCompile(`(?m)^ +with (\S+),$`)
	importBlock       = regexp.MustCompile(`(?m)^ *import \{\n +to = \S+\.NAME\n +id = ".*"\n *\}$`)
)

// diagnosticsIn are the errors and warnings of an output without colours.
func diagnosticsIn(output string) []diagnostic {
	var found []diagnostic
	starts := append(diagnosticStart.FindAllStringIndex(output, -1), []int{len(output)})
	for n, start := range starts[:len(starts)-1] {
		d := diagnostic{text: output[start[0]:starts[n+1][0]]}
		if with := diagnosticAddress.FindStringSubmatch(d.text); with != nil {
			d.address = with[1]
		}
		found = append(found, d)
	}
	return found
}

// taintedIn are the addresses of tainted objects in a state file, which need not exist.
func taintedIn(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if os.IsNotExist(err) || err == nil && len(content) == 0 {
		return nil
	}
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Status string }
		}
	}
	if err == nil {
		err = json.Unmarshal(content, &state)
	}
	if err != nil {
		t.Fatalf("the state cannot be read: %v", err)
	}
	var tainted []string
	for _, r := range state.Resources {
		for _, i := range r.Instances {
			if i.Status == "tainted" {
				tainted = append(tainted, fmt.Sprintf("%s.%s", r.Type, r.Name))
			}
		}
	}
	return tainted
}

func appendFile(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		t.Fatal(err)
	}
}

// archiveOf is a deploy's archive, as it is sent.
func archiveOf(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for name, content := range files {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
