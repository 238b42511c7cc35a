using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Backing;

/// <summary>The object store under the node, as it is laid out there (<see cref="BackEndNames"/>): versions are found, read and put. What
/// it says is checked here but for the bodies' blocks, which whoever reads them compares. Thread-safe.</summary>
internal sealed class ObjectStore(IBlobBackEnd backEnd, ILogger logger, TimeProvider time)
{
    /// <summary>A manifest has a digest of 32 bytes for each of up to 2^20 blocks.</summary>
    private const int RecordBytesMax = 34 << 20;

    /// <summary>Versions of one stamp, or older ones that were not removed.</summary>
    private const int ListedMax = 100;

    /// <summary>Bodies that were found wrong and are remembered, so that they are put anew.</summary>
    private const int WrongMax = 10_000;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _wrong = [];
    private long _wrongCount;

    /// <summary>Whether it serves.</summary>
    public BackEndHealth Health { get; } = new(backEnd.Name, logger, time);

    /// <summary>Which it is.</summary>
    public string Name => backEnd.Name;

    /// <summary>What has gone over its wire.</summary>
    public BackEndTraffic Traffic => backEnd.Traffic;

    /// <summary>Objects that were not what they should be.</summary>
    public long WrongCount => Interlocked.Read(ref _wrongCount);

    /// <summary>What the newest version of a resource is, a tombstone perhaps, or one that is asked for; null when there is none.</summary>
    /// <exception cref="BackEndException">It could not be asked.</exception>
    /// <exception cref="InvalidDataException">What it has is not what it should be.</exception>
    public async Task<Manifest?> FindAsync(ResourceId id, Sha256Digest? version, CancellationToken cancellationToken)
    {
        var prefix = BackEndNames.ManifestsOf(id);
        (string Name, long Stamp, Sha256Digest Version)? best = null;
        foreach (var name in await ListAsync(prefix, cancellationToken))
        {
            // What others have put there is none of ours.
            if (BackEndNames.TryParse(name, prefix, out var stamp, out var found) && (version is null || version == found)
                && (best is null || stamp > best.Value.Stamp || (stamp == best.Value.Stamp && found > best.Value.Version)))
            {
                best = (name, stamp, found);
            }
        }

        if (best is null)
        {
            return null;
        }

        if (await ReadRecordAsync(best.Value.Name, cancellationToken) is not { } bytes)
        {
            return null;
        }

        if (!BackEndNames.TryRead(id, best.Value.Name, bytes, out var manifest))
        {
            NoteWrong(best.Value.Name, "it is no manifest, or that of another version");
            throw new InvalidDataException($"{best.Value.Name} is not what it should be.");
        }

        return manifest;
    }

    /// <summary>Begins to read bytes of a version; null when there is no such body.</summary>
    /// <exception cref="BackEndException">It could not be asked.</exception>
    public Task<BackEndDownload?> ReadBodyAsync(Manifest manifest, long offset, long length, CancellationToken cancellationToken) =>
        AskAsync(() => backEnd.GetAsync(BackEndNames.BodyOf(manifest), offset, length, cancellationToken));

    /// <summary>Notes that an object is not what it should be: it is put anew when somebody has the right bytes.</summary>
    public void NoteWrong(string name, string reason)
    {
        Interlocked.Increment(ref _wrongCount);
        lock (_gate)
        {
            if (_wrong.Count < WrongMax && !_wrong.Add(name))
            {
                return;
            }
        }

        BackingLog.Wrong(logger, name, reason);
    }

    /// <summary>Puts a version, or the tombstone of a resource, unless it is there: the body first, so that what a manifest tells of is
    /// there whole.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="manifest">The version.</param>
    /// <param name="body">Its bytes, asked for only when they have to be put; null for a tombstone.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BackEndException">It is not known to be there.</exception>
    /// <exception cref="IOException">The bytes could not be read here.</exception>
    public async Task PutAsync(
        ResourceId id, Manifest manifest, Func<StoredBody>? body, CancellationToken cancellationToken)
    {
        var name = BackEndNames.ManifestOf(id, manifest);
        var record = new BytesContent(Store.ResourceRecord.Encode(new StoredResource(id, manifest, Retention.Kept)));
        var bodyName = body is null ? null : BackEndNames.BodyOf(manifest);
        if (!IsWrong(name) && (bodyName is null || !IsWrong(bodyName)) && await IsThereAsync(name, record, cancellationToken))
        {
            return;
        }

        if (body is not null)
        {
            await PutBodyAsync(bodyName!, manifest, body, cancellationToken);
        }

        await PutAsync(name, record, cancellationToken);
        await RemoveOlderAsync(id, name, cancellationToken);
    }

    private async Task PutBodyAsync(string name, Manifest manifest, Func<StoredBody> open, CancellationToken cancellationToken)
    {
        if (!IsWrong(name) && await AskAsync(() => backEnd.HeadAsync(name, cancellationToken)) is { } there
            && there.Length == manifest.Layout.Length
            && name == $"bodies/{there.Digest}")
        {
            return;
        }

        await using var body = open();
        await PutAsync(name, body, cancellationToken);
    }

    /// <summary>Puts an object, and looks whether it is there then as it should be.</summary>
    private async Task PutAsync(string name, IBackEndContent content, CancellationToken cancellationToken)
    {
        var isWrong = IsWrong(name);
        var isPut = await AskAsync(() => backEnd.PutAsync(name, content, onlyIfAbsent: !isWrong, cancellationToken));
        if (!await IsThereAsync(name, content, cancellationToken))
        {
            if (isPut)
            {
                throw new BackEndException(BackEndError.Other, $"{name} was put, and is not there as it should be.");
            }

            // What was there in its place is none of ours: next time it is replaced.
            NoteWrong(name, "something else is in its place");
            throw new BackEndException(BackEndError.Other, $"{name} is there, and is not what it should be.");
        }

        lock (_gate)
        {
            _wrong.Remove(name);
        }
    }

    private async Task<bool> IsThereAsync(string name, IBackEndContent content, CancellationToken cancellationToken) =>
        await AskAsync(() => backEnd.HeadAsync(name, cancellationToken)) is { } there
            && there.Length == content.Length && there.Digest == content.Digest;

    private async Task RemoveOlderAsync(ResourceId id, string name, CancellationToken cancellationToken)
    {
        var prefix = BackEndNames.ManifestsOf(id);
        foreach (var other in await ListAsync(prefix, cancellationToken))
        {
            if (string.CompareOrdinal(other, name) > 0 && BackEndNames.TryParse(other, prefix, out var stamp, out _)
                && BackEndNames.TryParse(name, prefix, out var newest, out _) && stamp < newest)
            {
                await AskAsync(async () =>
                {
                    await backEnd.DeleteAsync(other, cancellationToken);
                    return true;
                });
            }
        }
    }

    private Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) =>
        AskAsync(() => backEnd.ListAsync(prefix, ListedMax, cancellationToken));

    private async Task<byte[]?> ReadRecordAsync(string name, CancellationToken cancellationToken)
    {
        await using var download = await AskAsync(() => backEnd.GetAsync(name, 0, RecordBytesMax, cancellationToken));
        if (download is null)
        {
            return null;
        }

        var bytes = new byte[Math.Min(download.ObjectLength ?? RecordBytesMax, RecordBytesMax)];
        var filled = 0;
        while (filled < bytes.Length)
        {
            var rest = bytes.AsMemory(filled);
            var count = await AskAsync(async () => await download.ReadAsync(rest, cancellationToken));
            if (count == 0)
            {
                break;
            }

            filled += count;
        }

        return bytes[..filled];
    }

    private bool IsWrong(string name)
    {
        lock (_gate)
        {
            return _wrong.Contains(name);
        }
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            var answer = await ask();
            Health.NoteServed();
            return answer;
        }
        catch (BackEndException error)
        {
            Health.NoteFailed(error);
            throw;
        }
    }
}
