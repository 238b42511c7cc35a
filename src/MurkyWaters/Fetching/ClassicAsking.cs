using System.Diagnostics;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The last resort, when nobody else has it: servers of 2012, which speak format 1 alone. What they send has no version and no
/// digest. It becomes a version of this node's making, and from there on goes the way of all that rains.</summary>
internal static class ClassicAsking
{
    /// <summary>Asks all at once; the first to deliver wins.</summary>
    public static async Task<(PeerAddress? Server, byte[]? Bytes)> AskAsync(
        FetchContext context, ResourceId id, IReadOnlyList<PeerAddress> servers, CancellationToken cancellationToken)
    {
        var asked = servers.Select(server => (Server: server, Answer: context.Transport.FetchClassicAsync(id, server, cancellationToken)))
            .ToList();
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

                context.Servers.NoteAnswer(server, ServerState.Up);
                return (server, bytes);
            }

            context.Servers.NoteAnswer(server, ServerState.Silent);
        }

        return default;
    }

    /// <summary>The manifest of bytes that came without one; that of what is here, when it is the same.</summary>
    /// <param name="store">Whose block size it has.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="before">The newest version here, a tombstone perhaps, which it comes after.</param>
    /// <param name="current">The same, where it is no tombstone.</param>
    public static Manifest ManifestOf(ResourceStore store, byte[] bytes, Manifest? before, Manifest? current)
    {
        var sha256 = Sha256Digest.Of(bytes);
        if (current is not null && current.Sha256 == sha256 && current.Layout.Length == bytes.Length)
        {
            return current;
        }

        var options = store.Options;
        if (!options.TryLayOut(bytes.Length, out var layout))
        {
            throw new UnreachableException("A resource of format 1 has few blocks of any size.");
        }

        return Manifest.Create(
            layout, options.Code, store.NextStamp(before), sha256, current?.ContentType ?? "application/octet-stream", current?.FileName,
            BlockDigest.OfBlocks(layout, bytes));
    }
}
