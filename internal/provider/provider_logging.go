// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// terraformLog writes the client's log lines to Terraform's log, which decides by TF_LOG what is shown.
type terraformLog struct {
	attrs []slog.Attr
}

func (terraformLog) Enabled(context.Context, slog.Level) bool { return true }

func (l terraformLog) Handle(ctx context.Context, record slog.Record) error {
	fields := make(map[string]any, record.NumAttrs()+len(l.attrs))
	add := func(attr slog.Attr) bool {
		fields[attr.Key] = attr.Value.Resolve().String()
		return true
	}
	for _, attr := range l.attrs {
		add(attr)
	}
	record.Attrs(add)

	switch {
	case record.Level >= slog.LevelError:
		tflog.Error(ctx, record.Message, fields)
	case record.Level >= slog.LevelWarn:
		tflog.Warn(ctx, record.Message, fields)
	case record.Level >= slog.LevelInfo:
		tflog.Info(ctx, record.Message, fields)
	default:
		tflog.Debug(ctx, record.Message, fields)
	}
	return nil
}

func (l terraformLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return terraformLog{attrs: append(append([]slog.Attr(nil), l.attrs...), attrs...)}
}

// WithGroup ignores the group: the client's field names are unique.
func (l terraformLog) WithGroup(string) slog.Handler { return l }
