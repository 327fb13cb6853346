// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// limits bound what a migration may use.
type limits struct {
	time   time.Duration // of one command
	output int           // bytes of one command
	bytes  int64         // of all files in the archive
	disk   int64         // bytes of all that is unpacked and written
}

var defaultLimits = limits{time: 10 * time.Minute, output: 10 << 20, bytes: backend.LargestContent, disk: 4 << 30}

// Migrate unpacks the archive into a temporary folder and runs the commands there as a sandbox user.
func (b *Backend) Migrate(ctx context.Context, m backend.Migration) (output string, err error) {
	if len(m.Commands) == 0 {
		return "", nil
	}
	login, err := b.login(m.On, m.Database)
	if err != nil {
		return "", err
	}
	sandbox, err := postgres.NewSandboxUser()
	if err != nil {
		return "", err
	}
	folder, err := b.temporaryFolder(sandbox)
	if err != nil {
		return "", fmt.Errorf("make a folder for the application's files: %w", err)
	}
	defer b.cleanUp(ctx, sandbox, folder)
	if err := b.unpack(ctx, sandbox, m.Archive, folder); err != nil {
		return "", fmt.Errorf("unpack the application's archive: %w", err)
	}
	run := migrationRun{
		sandbox: sandbox, limits: b.limits, folder: folder,
		environment: append(environment(m.Secrets),
			"PATH="+os.Getenv("PATH"), "HOME="+folder, "DBOS_DATABASE_URL="+connectionURL(login, m.Database)),
	}
	for _, command := range m.Commands {
		if err = run.command(ctx, command); err != nil {
			break
		}
	}
	return maskSecrets(&run.output, login.Role, m.Secrets), err
}

// login is the server of an application's database and the role that the application logs in with.
func (b *Backend) login(on backend.Target, database string) (backend.Link, error) {
	if on.Link != nil {
		return *on.Link, nil
	}
	server, err := b.server(on.Instance)
	if err != nil {
		return backend.Link{}, err
	}
	return backend.Link{
		Address: backend.Address{Host: server.Host(), Port: server.Port()}, Role: backend.Role(server.OwnerOf(database)),
	}, nil
}

func connectionURL(l backend.Link, database string) string {
	u := url.URL{Scheme: "postgresql", User: url.UserPassword(l.Role.Name, l.Role.Password), Host: l.Address.String(), Path: "/" + database}
	return u.String()
}

func environment(variables map[string]string) []string {
	all := make([]string, 0, len(variables)+3)
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
}

// maskSecrets replaces the password and the secrets in the output of the commands, which is shown to the user and
// logged. It leaves texts that are too short to be a secret.
func maskSecrets(tail *outputTail, login backend.Role, secrets map[string]string) string {
	const short = 8
	texts := []string{login.Password, strings.TrimPrefix(url.UserPassword("", login.Password).String(), ":")}
	texts = slices.AppendSeq(texts, maps.Values(secrets))
	// The longest come first: a secret may begin with another one.
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, text := range texts {
		if len(text) >= short {
			pairs = append(pairs, text, "********")
		}
	}
	output, cut := tail.end()
	if cut {
		output = "[...]" + withoutRest(output, texts)
	}
	return strings.ToValidUTF8(strings.NewReplacer(pairs...).Replace(output), "\uFFFD")
}

// withoutRest removes the rest of a secret that a text begins with.
func withoutRest(text string, secrets []string) string {
	longest := 0
	for _, secret := range secrets {
		for rest := range len(secret) {
			if strings.HasPrefix(text, secret[rest:]) {
				longest = max(longest, len(secret)-rest)
				break
			}
		}
	}
	return text[longest:]
}
