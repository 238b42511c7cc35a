using System.Collections.Concurrent;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What setting a resource aside comes to.</summary>
internal enum SettingAside
{
    /// <summary>It is not here any more.</summary>
    Done,

    /// <summary>It is another by now, gone, or what it should be.</summary>
    Needless,

    /// <summary>A fetch is mending it, or the disk does not let it be done.</summary>
    Failed,
}

/// <summary>What is done with bodies that are not what they should be: set aside, counted, and
/// brought again by whoever has the right bytes.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>Resources that were set aside and are remembered for being fetched again.</summary>
    private const int LostMax = 100_000;

    /// <summary>Bodies of pieces that were set aside and are remembered: most of their blocks are right.</summary>
    private const int AsideMax = 10_000;

    private readonly ConcurrentDictionary<ResourceId, (Manifest Manifest, string Name)> _aside = new();

    /// <summary>Those that were kept and are not here any more; whether they were asked for.</summary>
    private readonly ConcurrentDictionary<ResourceId, bool> _lost = new();

    /// <summary>Opens a resource wherever it is, for readers whose copy here turns out to be bad; set by the node.</summary>
    public Func<ResourceId, OpenOptions, CancellationToken, Task<OpenResult>>? Reopen { get; set; }

    /// <summary>Whether a resource was kept here until its body was set aside: when it comes again it is to be kept again.</summary>
    public bool IsLost(ResourceId id) => _lost.ContainsKey(id);

    /// <summary>Kept resources that were set aside, each given out once.</summary>
    public IReadOnlyList<ResourceId> TakeLost(int countMax)
    {
        List<ResourceId> taken = [.. _lost.Where(lost => !lost.Value).Take(countMax).Select(lost => lost.Key)];
        taken.RemoveAll(id => !_lost.TryUpdate(id, true, false));
        return taken;
    }

    /// <summary>The body of a piece that this process has set aside, and what it should be; null when there is none.</summary>
    public (Manifest Manifest, string Path)? FindAside(ResourceId id) =>
        _aside.TryGetValue(id, out var aside) && Files.FindAside(aside.Name) is { } path ? (aside.Manifest, path) : null;

    /// <summary>Forgets it: it is here again.</summary>
    public void ForgetAside(ResourceId id) => _aside.TryRemove(id, out _);

    /// <summary>Sets aside a resource whose file is not there, not of its length, or has a wrong block.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="blob">Its body, as it was found.</param>
    /// <param name="blockIndex">The block that was found wrong; null where it is the length.</param>
    /// <returns>Whether it was done, or needs no more to be; false while a fetch is mending it,
    /// or when the disk does not let it be done.</returns>
    public async Task<bool> SetAsideAsync(ResourceId id, Blob blob, int? blockIndex) =>
        await TrySetAsideAsync(id, blob, blockIndex) != SettingAside.Failed;

    /// <summary>As <see cref="SetAsideAsync"/>, and tells which of the two it was.</summary>
    public async Task<SettingAside> TrySetAsideAsync(ResourceId id, Blob blob, int? blockIndex)
    {
        using (await _gates.EnterAsync(id, CancellationToken.None))
        {
            if (FindEntry(id) is not { IsTombstone: false } entry || entry.Blob != blob)
            {
                return SettingAside.Needless;
            }

            if (blob.IsWhole() && (blockIndex is not { } block
                || BlockChecks.Compare(entry.Resource.Manifest, block, blob.FilePath!) == BlockChecks.Finding.Good))
            {
                return SettingAside.Needless;
            }

            try
            {
                if (!Blobs.TrySetAside(blob))
                {
                    return SettingAside.Failed;
                }

                Save(id, entry.Resource.Manifest.Bytes.ToArray(), null);
                await ChangeAsync(new ForgetChange(id), null);
                NoteLost(id, entry.Resource.Retention == Retention.Kept);
                if (entry.Resource.Manifest.Piece is not null && blob.FilePath is { } path && _aside.Count < AsideMax)
                {
                    _aside[id] = (entry.Resource.Manifest, Path.GetFileName(path));
                }

                NoteQuarantined(
                    $"resource {id}",
                    blockIndex is null ? "its file is not there or not of its length" : $"its block {blockIndex} is not what it should be");
                return SettingAside.Done;
            }
            catch (StoreException error)
            {
                StoreLog.NotQuarantined(_logger, error, $"resource {id}");
                return SettingAside.Failed;
            }
        }
    }

    /// <summary>Sets an entry aside in the background: its rain has found a wrong block.</summary>
    public void ReportWrongBlock(StoreEntry entry, int blockIndex) => StartRemoval(async () =>
    {
        try
        {
            await SetAsideAsync(entry.Resource.Id, entry.Blob!, blockIndex);
        }
        catch (StoreException error)
        {
            StoreLog.NotQuarantined(_logger, error, $"resource {entry.Resource.Id}");
        }
    });

    /// <summary>Whether the bytes of an entry are on the disk as they should be; all of them are read. Under the resource's gate.</summary>
    public bool IsIntact(StoreEntry entry)
    {
        if (entry.Blob is { IsInline: false } blob)
        {
            return BlockChecks.CompareAll(entry.Resource.Manifest, blob.FilePath!) == BlockChecks.Finding.Good;
        }

        var found = Catalog.Find(entry.Resource.Id);
        if (found.Strange is { } strange && Save(strange.Id, strange.Manifest, strange.Body))
        {
            NoteQuarantined($"resource {strange.Id}", "its row cannot be understood");
        }

        return found.Row is not null;
    }

    private void NoteLost(ResourceId id, bool isKept)
    {
        if (isKept && _lost.Count < LostMax)
        {
            _lost.TryAdd(id, false);
        }
    }

    private void StartRemoval(Func<Task> remove)
    {
        lock (_reads)
        {
            if (!_isClosing)
            {
                _removals = Task.WhenAll(_removals, Task.Run(remove));
            }
        }
    }
}
