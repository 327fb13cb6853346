// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build linux

package reliability

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// converge runs the same command again until all is done, and does exactly what each error says. Then nothing is left
// to plan.
func (r *killRound) converge(t *testing.T, output string) {
	t.Helper()
	r.see(output)
	recoverState(t, filepath.Join(r.w.Dir, "terraform.tfstate"))
	r.follow(t, output, r.untold)
	for r.applies = 1; ; r.applies++ {
		out, err := r.w.Run(t.Context(), r.command, "-auto-approve")
		r.see(out)
		if err == nil {
			break
		}
		if r.applies == 4 {
			t.Fatalf("it does not converge:\n%s", out)
		}
		if !r.follow(t, out, false) {
			t.Fatalf("the error tells no way on:\n%s", out)
		}
	}
	plan := []string{"plan", "-detailed-exitcode"}
	if r.command == "destroy" {
		plan = append(plan, "-destroy")
	}
	if out, err := r.w.Run(t.Context(), plan...); err != nil {
		t.Errorf("the plan at the end is not empty: %v\n%s", err, out)
	}
}

// recoverState puts the backup in the place of a state that Terraform was killed while writing, as the page about
// troubleshooting says: Terraform empties a local file, and then writes it.
func recoverState(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil || json.Valid(content) {
		return
	}
	backup, err := os.ReadFile(file + ".backup")
	if err != nil {
		return // A first apply has none.
	}
	t.Log("Terraform was killed while it wrote its state")
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
}

// see notes whether a plan changes the link, which deletes it and makes it again.
func (r *killRound) see(output string) {
	if strings.Contains(output, "# dbos_linked_database.warehouse will be updated in-place") {
		r.relinks++
	}
}

// follow does what errors say: it untaints what is tainted, and takes over what exists. It returns false if they say
// nothing.
func (r *killRound) follow(t *testing.T, output string, untold bool) bool {
	t.Helper()
	diagnostics := diagnosticsIn(output)
	for _, d := range diagnostics {
		ours := strings.HasPrefix(d.text, "Error: ") && d.address != "" && r.killed == 0
		if ours && !wayOn.MatchString(strings.Join(strings.Fields(d.text), " ")) {
			t.Errorf("the error tells no way on:\n%s", d.text)
		}
	}
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
