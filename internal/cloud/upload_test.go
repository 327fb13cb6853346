// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/wiretest"
)

// zeros is an archive of zero bytes that counts the bytes read.
type zeros struct {
	size int64
	read atomic.Int64
}

func (z *zeros) Size() int64 { return z.size }

func (z *zeros) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(zeroReader{z}, z.size)), nil
}

type zeroReader struct{ *zeros }

func (r zeroReader) Read(p []byte) (int, error) {
	clear(p)
	r.read.Add(int64(len(p)))
	return len(p), nil
}

// TestUploadIsNotHeld checks that an archive is read only as fast as the server takes it, so that memory holds no more
// of it than the sockets do.
func TestUploadIsNotHeld(t *testing.T) {
	t.Parallel()
	const size, piece, sockets = 16 << 20, 256 << 10, 8 << 20
	archive := &zeros{size: size}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /v1alpha1/acme/applications/shop":
			wiretest.OK(shopJSON)(w, r)
		case "GET /v1alpha1/acme/applications/shop/versions":
			wiretest.OK(`[]`)(w, r)
		default:
			var taken int64
			for {
				n, err := io.CopyN(io.Discard, r.Body, piece)
				taken += n
				if ahead := archive.read.Load() - int64(base64.StdEncoding.DecodedLen(int(taken))); ahead > sockets {
					t.Errorf("%d bytes were read ahead", ahead)
				}
				if err != nil {
					break
				}
			}
			if want := int64(len(`{"application_archive":""}`) + base64.StdEncoding.EncodedLen(size)); taken != want || r.ContentLength != want {
				t.Errorf("%d bytes came, Content-Length %d, want %d", taken, r.ContentLength, want)
			}
			wiretest.OK(accepted)(w, r)
		}
	}))
	// Without this, the system lets the buffer grow with the upload.
	server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if tcp, ok := conn.(*net.TCPConn); !ok || tcp.SetReadBuffer(piece) != nil {
			t.Error("the server's buffer cannot be set")
		}
		return ctx
	}
	server.Start()
	t.Cleanup(server.Close)
	client := dial(t, server.URL)
	if version, err := deploy(t.Context(), client, archive); version != "v2" || err != nil {
		t.Errorf("version %q, error %v", version, err)
	}
}
