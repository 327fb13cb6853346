// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// hoarder keeps the context of each request, as the framework does.
type hoarder struct {
	tfprotov6.ProviderServer
	during func(context.Context)
	kept   []context.Context //nolint:containedctx // That is what is tested.
}

func (h *hoarder) ReadResource(ctx context.Context, _ *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	child, cancel := context.WithCancel(ctx)
	defer cancel()
	h.kept = append(h.kept, child)
	h.during(child)
	return &tfprotov6.ReadResourceResponse{}, nil
}

type contextKey struct{}

func TestServerForgetsTheContextOfARequest(t *testing.T) {
	t.Parallel()
	var loggers weak.Pointer[[1 << 16]byte]
	h := &hoarder{during: func(ctx context.Context) {
		if ctx.Value(contextKey{}) == nil {
			t.Error("the request does not see its context's values")
		}
	}}
	func() {
		heavy := new([1 << 16]byte)
		loggers = weak.Make(heavy)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, heavy))
		defer cancel()
		if _, err := (forgetful{h}).ReadResource(ctx, nil); err != nil {
			t.Error(err)
		}
	}()
	runtime.GC()
	if loggers.Value() != nil {
		t.Error("a request that has ended still holds its context's values")
	}
	runtime.KeepAlive(h)
}

func TestServerPassesACancelOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := &hoarder{during: func(ctx context.Context) {
		cancel()
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the request's context ended with %v", ctx.Err())
		}
	}}
	if _, err := (forgetful{h}).ReadResource(ctx, nil); err != nil {
		t.Error(err)
	}
}
