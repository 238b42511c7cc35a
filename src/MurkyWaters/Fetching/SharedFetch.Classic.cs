using System.Diagnostics;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The last resort, when nobody else has it: servers of 2012, which speak format 1 alone. What they send has no version and no
/// digest. It becomes a version of this node's making, and from there on goes the way of all that rains.</summary>
internal sealed partial class SharedFetch
{
    private CancellationTokenSource? _classicAsking;

    /// <summary>Whether it asks a server of 2012 that is in no list.</summary>
    public bool AsksClassic(PeerAddress server) => _isExtraServerClassic && _extraServer == server;

    private async Task<FetchEndReason> TryClassicAsync(FetchEndReason otherwise)
    {
        var servers = _context.Servers.ClassicAddressesForFetch();
        if (_extraServer is { } extra && _isExtraServerClassic && !servers.Contains(extra))
        {
            servers = [.. servers, extra];
        }

        if (servers.Count == 0 || WantedVersion is not null)
        {
            return otherwise;
        }

        var started = Stopwatch.GetTimestamp();
        var asking = new CancellationTokenSource();
        lock (_gate)
        {
            if (_isClosed)
            {
                return FetchEndReason.Cancelled;
            }

            _classicAsking = asking;
        }

        try
        {
            if (await AskClassicAsync(servers, asking.Token) is ({ } server, { } bytes))
            {
                // What the others still send is not wanted any more.
                await asking.CancelAsync();
                return await TakeClassicAsync(server, bytes, started);
            }

            return otherwise;
        }
        catch (OperationCanceledException) when (asking.IsCancellationRequested)
        {
            return FetchEndReason.Cancelled;
        }
    }

    /// <summary>Asks all at once; the first to deliver wins.</summary>
    private async Task<(PeerAddress? Server, byte[]? Bytes)> AskClassicAsync(IReadOnlyList<PeerAddress> servers, CancellationToken cancellationToken)
    {
        var asked = servers.Select(server => (Server: server, Answer: _context.Transport.FetchClassicAsync(Id, server, cancellationToken))).ToList();
        while (asked.Count > 0)
        {
            await Task.WhenAny(asked.Select(one => one.Answer));
            var (server, answer) = asked.Find(one => one.Answer.IsCompleted);
            asked.Remove((server, answer));
            if (await answer is { } bytes)
            {
                foreach (var left in asked)
                {
                    _ = left.Answer.ContinueWith(static task => task.Exception, TaskScheduler.Default);
                }

                _context.Servers.NoteAnswer(server, "up");
                return (server, bytes);
            }

            _context.Servers.NoteAnswer(server, "silent");
        }

        return default;
    }

    private async Task<FetchEndReason> TakeClassicAsync(PeerAddress server, byte[] bytes, long started)
    {
        var endpoint = _context.Servers.NameOf(server);
        FetchLog.FetchedClassic(_context.Logger, Id, endpoint, bytes.Length);
        var entry = _context.Store.FindEntry(Id);
        var current = entry is null || entry.IsTombstone ? null : entry.Resource;
        var manifest = ManifestOf(bytes, entry?.Resource.Manifest, current?.Manifest);
        if (current is { Origin: ResourceOrigin.Put } && manifest != current.Manifest)
        {
            // Format 1 cannot tell which is newer, and what was put here must not go for what anybody may have sent.
            _verdict = $"What is here was put here, and goes before what came in format 1 from {endpoint}.";
            _found.TrySetResult(new FetchOutcome(OpenStatus.Found, entry));
            return FetchEndReason.Completed;
        }

        OnManifest(manifest);
        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            OnBlock(i, bytes.AsSpan((int)manifest.Layout.OffsetOf(i), manifest.Layout.BytesOf(i)));
        }

        lock (_gate)
        {
            _verdict = $"It came in format 1 from {endpoint}.";
            _rained += Stopwatch.GetElapsedTime(started);
        }

        // All of it is here, so that nothing is left but to keep it, if it is to be kept, and to wait for its readers.
        return await RainAsync();
    }

    /// <summary>The manifest of bytes that came without one; that of what is here, when it is the same.</summary>
    private Manifest ManifestOf(byte[] bytes, Manifest? before, Manifest? current)
    {
        var sha256 = Sha256Digest.Of(bytes);
        if (current is not null && current.Sha256 == sha256 && current.Layout.Length == bytes.Length)
        {
            return current;
        }

        var options = _context.Store.Options;
        if (!ResourceLayout.TryCreate(bytes.Length, options.BlockSize, options.SymbolSize, out var layout))
        {
            throw new UnreachableException("A resource of format 1 has few blocks of any size.");
        }

        var digests = new Sha256Digest[layout.BlockCount];
        for (var i = 0; i < digests.Length; i++)
        {
            digests[i] = Sha256Digest.Of(bytes.AsSpan((int)layout.OffsetOf(i), layout.BytesOf(i)));
        }

        return Manifest.Create(
            layout, options.Code, _context.Store.NextStamp(before), sha256, current?.ContentType ?? "application/octet-stream", current?.FileName, digests);
    }
}
