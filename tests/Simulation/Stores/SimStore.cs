using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using MurkyWaters.Tests.Store.Steps;
using PouringRain.Protocol;

namespace Simulation.Stores;

/// <summary>
/// A node's store, the real one, on a disk that can be stopped before any step: with its process, or with its machine. Knows what was
/// answered as stored, and what a stop has left.
/// </summary>
internal sealed class SimStore : IDisposable
{
    private readonly string _folder;
    private readonly SimRandom _random;
    private readonly Omission _omitted;
    private Dictionary<ResourceId, Manifest> _answered = [];
    private Dictionary<(ResourceId Id, Sha256Digest Version), HashSet<int>> _held = [];
    private StopImage? _stop;
    private RecordedDisk? _disk;
    private int _stopAt = int.MaxValue;
    private int _lives;

    public SimStore(string folder, SimRandom random, bool skipsFlushes)
    {
        (_folder, _random) = (folder, random);
        _omitted = skipsFlushes ? Omission.File | Omission.Folder : Omission.None;
        Open(files: null);
    }

    /// <summary>The running one.</summary>
    public ResourceStore Store { get; private set; } = null!;

    public StoreOptions Options { get; private set; } = null!;

    /// <summary>Whether its disk was stopped: whatever it does since then is not so.</summary>
    public bool IsStopped => _stop is not null;

    /// <summary>The next steps on the disk, of which it is stopped before the last.</summary>
    public void StopIn(int steps) => _stopAt = _disk!.StepCount + steps;

    /// <summary>Stops now.</summary>
    public void Stop() => _stop ??= new StopImage(
        _disk!.Copy(), new(_answered), _held.ToDictionary(pair => pair.Key, pair => pair.Value.ToHashSet()));

    /// <summary>A version, or a deletion, was answered as stored.</summary>
    public void Answer(ResourceId id, Manifest manifest)
    {
        if (!IsStopped)
        {
            _answered[id] = manifest;
        }
    }

    /// <summary>A block was said to be held.</summary>
    public void Hold(ResourceId id, Sha256Digest version, int block)
    {
        if (!IsStopped)
        {
            (_held.TryGetValue((id, version), out var blocks) ? blocks : _held[(id, version)] = []).Add(block);
        }
    }

    /// <summary>What was held of a fetch is the version's by now, or no more wanted.</summary>
    public void Release(ResourceId id, Sha256Digest version)
    {
        if (!IsStopped)
        {
            _held.Remove((id, version));
        }
    }

    /// <summary>Opens what the stop has left, and says what of the promises does not hold.</summary>
    /// <param name="machineStopped">Whether the machine stopped, and not only the process.</param>
    public IEnumerable<string> Restart(bool machineStopped)
    {
        Stop();
        var stop = _stop!;
        _disk!.Die();
        Store.Dispose();
        (_answered, _held, _stop) = (stop.Answered, machineStopped ? [] : stop.Held, null);
        Open(stop.Image, machineStopped ? new Random((int)_random.Below(int.MaxValue)) : null);
        return [.. FindBroken()];
    }

    /// <summary>A resource's bytes here, as they are on the disk; null when there are none, or it is deleted.</summary>
    public byte[]? Read(StoreEntry entry)
    {
        if (entry.Blob is null || StoredReader.TryOpen(Store, entry) is not { } reader)
        {
            return null;
        }

        var bytes = new byte[reader.Manifest.Layout.Length];
        try
        {
            for (var offset = 0; offset < bytes.Length;)
            {
                offset += reader.ReadAsync(offset, bytes.AsMemory(offset), CancellationToken.None).AsTask().GetAwaiter().GetResult();
            }

            return bytes;
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Open(DiskImage? files, Random? random = null)
    {
        var folder = Path.Combine(_folder, $"{_lives++}");
        _disk = new RecordedDisk(folder) { Omitted = _omitted };
        if (files is not null)
        {
            _disk.Load(files.Write(folder, random));
        }

        // Another run of the machine has another name.
        var boot = random is null ? Options?.BootId ?? "boot" : $"boot {_lives}";
        _stopAt = int.MaxValue;
        Options = new StoreOptions
        {
            Path = folder,
            Code = "lt",
            BlockSize = 2048,
            SymbolSize = 64,
            UploadBufferBytes = 1000,
            InlineBytes = 1000,
            BootId = boot,
            Disk = _disk,
            BeforeStep = _disk.Step,
            Space = new DiskSpace(() => 1L << 40, 0),
            SupersededLifetime = TimeSpan.Zero,
        };
        _disk.Before = (step, _) =>
        {
            if (step >= _stopAt && !IsStopped)
            {
                Stop();
                _disk.Die();
            }

            return null;
        };
        Store = ResourceStore.Open(Options, NullLogger.Instance);
    }

    private IEnumerable<string> FindBroken()
    {
        foreach (var (id, answered) in _answered)
        {
            var entry = Store.FindEntry(id);
            if (entry is null || (entry.Resource.Manifest.Version != answered.Version && !entry.Resource.Manifest.IsNewerThan(answered)))
            {
                var what = answered.IsDeleted ? "deleted" : "stored";
                yield return $"{id} was answered as {what} and is {(entry is null ? "not there" : "older")}";
            }
            else if (entry.IsTombstone != entry.Resource.Manifest.IsDeleted || (!entry.IsTombstone && Read(entry) is not { } bytes))
            {
                yield return $"{id} is there and cannot be read";
            }
        }

        foreach (var ((id, version), blocks) in _held)
        {
            if (Store.Partials.FindAll(id).FirstOrDefault(partial => partial.Manifest.Version == version) is { } partial)
            {
                if (!blocks.All(partial.HasBlock))
                {
                    yield return $"blocks of {id} were held and are not";
                }
            }
            else if (Store.FindEntry(id) is not { } entry || (entry.Resource.Manifest.Version != version && !IsNewer(entry, version)))
            {
                yield return $"{blocks.Count} blocks of {id} were held, and nothing is";
            }
        }

        Store.Tick();
        Store.Tick();
        Store.Settling.GetAwaiter().GetResult();
        var named = Store.Catalog.FindBlobs(null, 1000).Select(blob => blob.Blob.ToString()).ToHashSet();
        foreach (var path in Directory.EnumerateFiles(Store.Files.Blobs).Where(path => !named.Contains(Path.GetFileName(path)))
            .Concat(Directory.EnumerateFiles(Store.Files.Temporary)).Concat(Directory.EnumerateFiles(Store.Files.Quarantine)))
        {
            yield return $"{path} is left over";
        }
    }

    /// <summary>Whether what is here has made a fetch needless: it was newer when the fetch's blocks were thrown away.</summary>
    private bool IsNewer(StoreEntry entry, Sha256Digest version) =>
        entry.Resource.Manifest.Version != version && _answered.ContainsKey(entry.Resource.Id);

    /// <summary>What a stop has left, and what was promised then.</summary>
    private sealed record StopImage(
        DiskImage Image, Dictionary<ResourceId, Manifest> Answered, Dictionary<(ResourceId Id, Sha256Digest Version), HashSet<int>> Held);
}
