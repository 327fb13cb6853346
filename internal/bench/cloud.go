// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// startCloud starts a simulated cloud, which is closed at the end.
func (b *bench) startCloud(ctx context.Context, provisionTime time.Duration) (*localcloud.Server, error) {
	server, err := localcloud.Start(ctx, localcloud.Options{Backend: "simulated", ProvisionTime: provisionTime})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, server.Close)
	return server, nil
}

// provision makes instances without the provider, many at once, and waits until they are available.
func provision(ctx context.Context, server *localcloud.Server, names ...string) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(200)
	for _, name := range names {
		group.Go(func() error {
			_, err := call(groupCtx, server, http.MethodPost, "databases/userdb",
				fmt.Sprintf(`{"Name":%q,"AdminName":"bench","AdminPassword":"Correct-horse-7"}`, name))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for {
		list, err := call(ctx, server, http.MethodGet, "databases", "")
		if err != nil || strings.Count(list, `"available"`) == len(names) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// call makes one call of the API below the organization, and returns the answer.
func call(ctx context.Context, server *localcloud.Server, method, path, body string) (string, error) {
	connection := server.Connection()
	req, err := http.NewRequestWithContext(ctx, method, connection.Endpoint+"/v1alpha1/"+connection.Organization+"/"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+connection.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	answer, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s %s: %s", method, path, answer)
	}
	return string(answer), nil
}
