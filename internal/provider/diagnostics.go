// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud"
)

// loginHelp lists the ways to give a login, the one for machines first.
const loginHelp = `There is no login for DBOS Cloud. Give one of these:
  - a refresh token, for agents and CI: DBOS_REFRESH_TOKEN, or refresh_token in the provider's configuration;
  - an access token, which lasts a day: DBOS_TOKEN, or token in the provider's configuration;
  - the login of the dbos-cloud CLI: run "npx dbos-cloud login" in the working directory, or give its file in DBOS_CREDENTIALS_FILE or credentials_file.`

// The next step when nothing is left behind. runAgain is for operations that are not only part of an apply.
const (
	applyAgain = "Remove the cause and apply again."
	runAgain   = "Remove the cause and run the command again."
	notAdded   = "Nothing was added to the state. " + applyAgain
)

// addError reports a failed call. The summary says what failed and on which object; next says what state things are in
// and the one thing to do. An empty next is for an operation that has changed nothing.
func addError(diags *diag.Diagnostics, summary string, err error, next string) {
	if next == "" {
		next = "Nothing was changed. " + runAgain
	}
	diags.AddError(summary, explain(err)+output(err)+"\n\n"+next)
}

// explain puts an error into sentences for the person at the terminal.
func explain(err error) string {
	var refused *cloud.Error
	var unreachable *net.OpError
	switch {
	case errors.Is(err, cloud.ErrNoLogin):
		return loginHelp
	case errors.Is(err, context.Canceled) && cloud.OutcomeUnknown(err):
		return "The operation was interrupted. Its last request may have taken effect."
	case errors.Is(err, context.Canceled):
		return "The operation was interrupted."
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return sentence(err.Error()) + " DBOS Cloud does not accept the login. It may have expired, or it may be for another endpoint. Log in again, or check the endpoint."
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
		return sentence(err.Error()) + " The login does not have permission for this. Check the organization and the token that the provider uses."
	case errors.As(err, &unreachable) && unreachable.Op == "proxyconnect":
		return sentence(err.Error()) + " Check the proxy in HTTPS_PROXY."
	case errors.As(err, &unreachable) && unreachable.Op == "dial":
		return sentence(err.Error()) + " Check the endpoint, and that its server runs."
	default:
		return sentence(err.Error())
	}
}

// outputLimit is how many bytes of an output a message shows. It shows the end, where programs say what went wrong.
const outputLimit = 8 << 10

// output returns the detail that the control plane added to its message, such as the output of a failed migration.
func output(err error) string {
	var refused *cloud.Error
	if !errors.As(err, &refused) || strings.TrimSpace(refused.Detail) == "" {
		return ""
	}
	text := strings.TrimSpace(refused.Detail)
	if cut := len(text) - outputLimit; cut > 0 {
		text = "[...]" + strings.ToValidUTF8(text[cut:], "")
	}
	return "\n\nDetails from DBOS Cloud:\n" + text
}

// unready describes a wait that ended before its object was ready.
type unready struct {
	resource  string // type, such as dbos_database_instance
	noun      string // such as "Database instance"
	name      string
	limit     string // attribute of the timeouts block that bounds the wait
	created   bool   // by this apply, so that Terraform taints it
	protected bool
}

func (u unready) address() string { return u.resource + ".NAME" }

// addTo reports err, which ended the wait.
func (u unready) addTo(diags *diag.Diagnostics, err error) {
	var wait *cloud.WaitError
	if !errors.As(err, &wait) {
		addError(diags, fmt.Sprintf("%s %q is not ready", u.noun, u.name), err, u.wayOn())
		return
	}
	if wait.DeadEnd {
		diags.AddError(fmt.Sprintf("%s %q has failed", u.noun, u.name),
			fmt.Sprintf("Its status is %q. It does not leave this status by itself. It exists, and nothing was deleted.\n\n%s", wait.Status, u.wayOut()))
		return
	}
	// A new object may not be visible yet. Any other was read before.
	if !u.created && cloud.IsNotFound(wait.Err) {
		diags.AddError(fmt.Sprintf("%s %q does not exist", u.noun, u.name), fmt.Sprintf("%s It was deleted after Terraform last read it.\n\n"+
			"Run terraform plan, without -refresh=false. It shows what the next apply creates again.", sentence(wait.Err.Error())))
		return
	}
	diags.AddError(fmt.Sprintf("%s %q is not ready", u.noun, u.name),
		fmt.Sprintf("%s %s It exists and may still become ready. Nothing was deleted.\n\n%s", u.reason(wait), lastStatus(wait), u.wayOn()))
}

func (u unready) reason(wait *cloud.WaitError) string {
	switch {
	case errors.Is(wait.Err, context.DeadlineExceeded):
		return fmt.Sprintf("The wait reached the %s limit of the timeouts block.", u.limit)
	case errors.Is(wait.Err, context.Canceled):
		return "The wait was interrupted."
	default:
		return "The wait ended in an error."
	}
}

// lastStatus says what was last seen of the object, and the last error of asking for it.
func lastStatus(wait *cloud.WaitError) string {
	text := fmt.Sprintf("Its last status was %q.", wait.Status)
	if wait.Status == "" {
		text = "Its status could not be read."
	}
	var refused *cloud.Error
	if errors.As(wait.Err, &refused) {
		text += " The last error was: " + sentence(refused.Error())
	} else if wait.Err != nil && !errors.Is(wait.Err, context.Canceled) && !errors.Is(wait.Err, context.DeadlineExceeded) {
		text += " The last error was: " + sentence(wait.Err.Error())
	}
	return text
}

// wayOn tells how the next apply takes up an unfinished object.
func (u unready) wayOn() string {
	if u.created {
		return fmt.Sprintf("Terraform marks it as tainted, so the next apply would replace it. To keep it, run these commands with the address that the plan shows:\n"+
			"  terraform untaint %s\n  terraform apply", u.address())
	}
	return "To continue, run: terraform apply"
}

// wayOut tells, in order, how to get rid of an object at a dead end.
func (u unready) wayOut() string {
	var steps []string
	if u.protected {
		if u.created {
			steps = append(steps, "terraform untaint "+u.address())
		}
		steps = append(steps, "set deletion_protection = false", "terraform apply (it ends in this error again, but turns the protection off)")
	}
	steps = append(steps, fmt.Sprintf("terraform apply -replace=%s (creates it again), or terraform destroy -target=%s", u.address(), u.address()))
	text := "To remove it, do this in order, with the address that the plan shows:"
	for i, step := range steps {
		text += fmt.Sprintf("\n  %d. %s", i+1, step)
	}
	return text
}

// addAttributeError is addError for an error that one attribute causes.
func addAttributeError(diags *diag.Diagnostics, attribute, summary, detail string) {
	diags.AddAttributeError(path.Root(attribute), summary, detail)
}

// argumentError refuses an argument of a function. Terraform puts the text at the end of a sentence of its own, with
// the full stop.
func argumentError(position int64, text string) *function.FuncError {
	return function.NewArgumentFuncError(position, strings.TrimSuffix(strings.TrimSpace(text), "."))
}

// beginsWithName matches a text whose first word is a name, such as dbos-config.yaml or source_dir. A hyphen alone
// makes no name: words of English have it too. It is compiled when it is first used, because every start would wait for
// it.
var beginsWithName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\S*[._]\pL`) })

// sentence begins a text with a capital letter, unless it begins with a name, and ends it with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if !beginsWithName().MatchString(text) {
		text = capital(text)
	}
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".!?:`") {
		text += "."
	}
	return text
}

// capital begins a text with a capital letter.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
