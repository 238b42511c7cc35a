using MurkyWaters.Store;
using MurkyWaters.Uploading;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>What lasts over several moves: uploads in several requests, fetches, and leases.</summary>
internal sealed partial class ScheduleRun
{
    private async Task AppendAsync(Move move)
    {
        if (_uploads[move.Slot] is not { } upload)
        {
            var options = new UploadOptions
            {
                Id = IdOf(move.Id),
                Length = Contents.Of(move.Content).Length,
                ContentType = $"text/u{move.Slot}",
            };
            var pending = _pending.TryCreate(options, "")!;
            _uploads[move.Slot] = upload = new Upload(pending, new UploadState(pending.Token, move.Id, move.Content));
            Model.Add(upload.State);
        }

        var bytes = Contents.Of(upload.State.Content).AsMemory((int)upload.Pending.Offset);
        await WriteAsync(upload, bytes[..Math.Min(bytes.Length, 400 + (move.Content * 300))]);
    }

    private async Task WriteAsync(Upload upload, ReadOnlyMemory<byte> bytes)
    {
        var state = upload.State;
        var turn = (await upload.Pending.EnterAsync(Token))!;
        var isTaken = false;
        try
        {
            await using (turn)
            {
                await turn.WriteAsync(bytes, Token);
                isTaken = true;
            }
        }
        finally
        {
            // What it says now is what the client goes by. Only what was answered is on the disk.
            var told = upload.Pending.Offset;
            isTaken &= turn.Failure is null;
            Assert.InRange(told, 0, Contents.Of(state.Content).Length);
            Model.Note(() => (state.Told, state.Offset) = (told, isTaken ? told : Math.Min(state.Offset, told)));
        }

        if (turn.Failure is { } failure)
        {
            throw failure;
        }
    }

    private async Task CommitAsync(int slot)
    {
        if (_uploads[slot] is not { } upload)
        {
            return;
        }

        var state = upload.State;
        var bytes = Contents.Of(state.Content);
        if (upload.Pending.Offset < bytes.Length)
        {
            await WriteAsync(upload, bytes.AsMemory((int)upload.Pending.Offset));
        }

        Model.Note(() => state.IsEnding = true);
        var faults = Disk.FaultCount;
        await ChangeAsync(state.Id, new Value(state.Content, $"text/u{slot}", Retention.Kept), async () =>
        {
            await using var turn = (await upload.Pending.EnterAsync(Token))!;
            try
            {
                var result = await turn.CommitAsync(null, null, Token);
                AssertStored(result);
                return true;
            }
            catch (StoreException)
            {
                var told = upload.Pending.Offset;
                Model.Note(() => (state.Told, state.Offset) = (told, Math.Min(state.Offset, told)));
                throw;
            }
        });

        // That it has ended may not have been taken by a disk that failed.
        Model.Note(() => (state.IsComplete, state.IsEnding) = (true, Disk.FaultCount > faults));
        _uploads[slot] = null;
    }

    private async Task CancelAsync(int slot)
    {
        if (_uploads[slot] is not { } upload)
        {
            return;
        }

        var (state, faults) = (upload.State, Disk.FaultCount);
        Model.Note(() => state.IsEnding = true);
        _uploads[slot] = null;
        await using (var turn = (await upload.Pending.EnterAsync(Token))!)
        {
            await turn.CancelAsync();
        }

        Model.Note(() => (state.IsGone, state.IsEnding) = (true, Disk.FaultCount > faults));
    }

    private async Task FetchAsync(Move move, bool isWhole)
    {
        if (_fetches[move.Slot] is null)
        {
            // The same bytes as are here under a newer manifest need not rain, and are no fetch of their own.
            var manifest = ManifestOf(move.Content, $"text/f{move.Slot}");
            var lease = _store.LeaseForFetch(IdOf(move.Id), manifest, mustRain: true);
            var state = new FetchState(move.Id, manifest, move.Content);
            _fetches[move.Slot] = new Fetched(lease, state);
            Model.Add(state);
        }

        var fetched = _fetches[move.Slot]!;
        var layout = fetched.State.Manifest.Layout;
        for (var i = 0; i < layout.BlockCount && (isWhole || i <= move.Content % 4); i++)
        {
            if (!fetched.Lease.Blocks.HasBlock(i))
            {
                await WriteBlockAsync(fetched, i);
                var block = i;
                Model.Note(() => fetched.State.Written.Add(block));
            }
        }
    }

    private static Task WriteBlockAsync(Fetched fetched, int block)
    {
        var layout = fetched.State.Manifest.Layout;
        var bytes = Contents.Of(fetched.State.Content).AsMemory((int)layout.OffsetOf(block), layout.BytesOf(block));
        return Task.Run(() => fetched.Lease.Blocks.Write(block, bytes.Span));
    }

    /// <summary>As the end of a fetch has it.</summary>
    private async Task SealAsync(Move move)
    {
        await FetchAsync(move, isWhole: true);
        var fetched = _fetches[move.Slot]!;
        var (state, partial) = (fetched.State, (PartialBlob)fetched.Lease.Blocks);
        try
        {
            using var gate = await _store.EnterAsync(IdOf(state.Id), Token);
            var entry = _store.FindEntry(IdOf(state.Id));
            if (entry is not null && !state.Manifest.IsNewerThan(entry.Resource.Manifest))
            {
                Model.Note(() => state.MayBeGone = true);
                _store.Partials.Retire(partial);
                return;
            }

            var isKept = move.Content % 2 == 0 || entry is { IsTombstone: false, Resource.Retention: Retention.Kept };
            if (!isKept)
            {
                Evict();
            }

            var retention = isKept ? Retention.Kept : Retention.Cached;
            await ChangeAsync(state.Id, new Value(state.Content, state.Manifest.ContentType, retention), async () =>
            {
                Model.Note(() => state.MayBeGone = true);
                try
                {
                    partial.Flush();
                    await _store.CommitBlobAsync(new StoredResource(IdOf(state.Id), state.Manifest, retention), partial.DataPath);
                }
                catch (StoreException) when (partial.IsLost || !partial.HasData)
                {
                    _store.Partials.Retire(partial);
                    throw;
                }

                return true;
            });
            _store.Partials.Retire(partial);
        }
        finally
        {
            Leave(move.Slot);
        }
    }

    private void Leave(int slot)
    {
        if (_fetches[slot] is { } fetched)
        {
            _fetches[slot] = null;
            Model.Note(() => fetched.State.MayBeGone |= fetched.State.Written.Count == 0);
            fetched.Lease.Dispose();
        }
    }

    private async Task HoldAsync(Move move)
    {
        await ReleaseAsync(move.Slot);
        var id = Enumerable.Range(0, Schedule.IdCount).Select(i => 1 + ((move.Id + i) % Schedule.IdCount))
            .FirstOrDefault(id => _store.FindEntry(IdOf(id)) is { IsTombstone: false, Blob.IsInline: false }, move.Id);
        if (_store.FindEntry(IdOf(id)) is not { IsTombstone: false, Blob.IsInline: false })
        {
            await PutAsync(id, Contents.FirstInFile + (move.Content % 4), "text/h");
        }

        if (_store.FindEntry(IdOf(id)) is not { IsTombstone: false } entry || await ImageCheck.FindAsync(_store, id) is not { } value)
        {
            return;
        }

        if (move.Content % 4 == 0)
        {
            _held[move.Slot] = new Held(id, value.Content, StoredReader.TryOpen(_store, entry), null);
            return;
        }

        var lease = _store.TryLease(entry);
        _held[move.Slot] = lease is null ? null : new Held(id, value.Content, null, lease);
        if (ForgetsLeases)
        {
            lease?.Dispose();
        }

        // Now and then the version goes at once, and is held all the same.
        await ((move.Content % 4) switch
        {
            2 => DeleteAsync(id),
            3 => PutAsync(id, 0, "text/h"),
            _ => Task.CompletedTask,
        });
    }

    /// <summary>Whoever has a lease finds the bytes where they were, whatever was done meanwhile.</summary>
    private async Task ReleaseAsync(int slot)
    {
        if (_held[slot] is not { } held)
        {
            return;
        }

        _held[slot] = null;
        var bytes = Contents.Of(held.Content);
        var isRotten = Model.Copy().Rotten.Count > 0;
        if (held.Reader is { } reader)
        {
            Assert.True(isRotten || reader.FilePath is null || File.Exists(reader.FilePath), "a file has gone under a reader");
            if (!isRotten)
            {
                Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
            }

            await reader.DisposeAsync();
        }

        if (held.Lease is { } lease)
        {
            Assert.True(isRotten || lease.Blob.IsInline || File.Exists(lease.Blob.FilePath), "a file has gone under a lease");
            var read = new byte[bytes.Length];
            if (!isRotten)
            {
                lease.Blob.Read(0, read);
                Assert.Equal(bytes, read);
            }

            lease.Dispose();
        }
    }

    /// <summary>A byte of a file goes bad, and a fetch of the same version puts the right one in its place.</summary>
    private Task MendAsync(Move move) => Task.Run(() =>
    {
        if (_store.FindEntry(IdOf(move.Id)) is not { IsTombstone: false, Blob: { IsInline: false, Length: > 0 } blob } entry)
        {
            return;
        }

        var manifest = entry.Resource.Manifest;
        Model.Rot(move.Id);
        for (var id = 1; id <= Schedule.IdCount; id++)
        {
            if (_store.FindEntry(IdOf(id))?.Blob == blob)
            {
                Model.Rot(id);
            }
        }

        Disk.Rot(blob.FilePath!, (int)(blob.Length / 2));
        using var lease = _store.LeaseForFetch(IdOf(move.Id), manifest, mustRain: true);
        var bytes = Contents.Of(Enumerable.Range(0, Contents.Count)
            .First(content => Sha256Digest.Of(Contents.Of(content)) == manifest.Sha256));
        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            lease.Blocks.Write(i, bytes.AsSpan((int)manifest.Layout.OffsetOf(i), manifest.Layout.BytesOf(i)));
        }
    });

    private Manifest ManifestOf(int content, string type)
    {
        var bytes = Contents.Of(content);
        Assert.True(ResourceLayout.TryCreate(bytes.Length, _options.BlockSize, _options.SymbolSize, out var layout));
        var digests = Enumerable.Range(0, layout.BlockCount)
            .Select(i => BlockDigest.Of(BlockDigestAlgorithm.Blake3, bytes.AsSpan((int)layout.OffsetOf(i), layout.BytesOf(i)))).ToArray();
        return Manifest.Create(layout, "lt", _store.NextStamp(null), Sha256Digest.Of(bytes), type, null, digests);
    }

    private sealed record Upload(PendingUpload Pending, UploadState State);

    private sealed record Fetched(BlocksLease Lease, FetchState State);

    private sealed record Held(int Id, int Content, StoredReader? Reader, BlobLease? Lease);
}
