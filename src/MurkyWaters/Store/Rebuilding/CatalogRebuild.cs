using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Rebuilding;

/// <summary>
/// Makes a catalog anew, in this order: the old one is copied, and what can be read of the copy goes into the new one; then what stands
/// beside the blobs, where it is newer; each blob is compared with its digests before it is named. Only then the old one is moved aside and
/// the new one takes its place, under a mark that refuses every start until that is done. Whenever it is stopped it can be begun again.
/// </summary>
internal sealed class CatalogRebuild : IDisposable
{
    private const int BatchMax = 500;

    private readonly Dictionary<Sha256Digest, bool> _compared = [];
    private readonly Dictionary<ResourceId, (Manifest? Version, string Why)> _lost = [];
    private readonly StoreFiles _files;
    private readonly Action<string> _say;
    private readonly FileStream _lockFile;
    private readonly string _catalog;
    private readonly string _mark;
    private CatalogConnection? _new;
    private int _batched;

    /// <summary>Takes the folder.</summary>
    /// <exception cref="StoreFormatException">There is no store in it, or one that this program does not know.</exception>
    /// <exception cref="IOException">It is in use.</exception>
    public CatalogRebuild(string path, Action<string> say)
    {
        _files = new StoreFiles(path, null, TimeProvider.System, NullLogger.Instance);
        _say = say;
        _catalog = Path.Combine(_files.Root, CatalogSchema.FileName);
        _mark = Path.Combine(_files.Root, CatalogSchema.RebuildingName);
        if (!StoreFiles.Exists(_catalog) && !StoreFiles.FolderExists(_files.Blobs))
        {
            throw new StoreFormatException($"{_files.Root} has no store.");
        }

        CatalogSchema.InspectVersion(_files.Root);
        _lockFile = StoreFiles.OpenAlone(Path.Combine(_files.Root, "store.lock"));
    }

    /// <summary>Does it.</summary>
    public StoreRebuild Run()
    {
        _files.CreateFolders();
        using var old = OpenOld(out var isWhole);
        if (isWhole)
        {
            _say($"{_catalog} is whole: nothing was changed.");
            return new StoreRebuild(false, 0, 0, 0, 0);
        }

        var path = Path.Combine(_files.Temporary, "rebuilt.db");
        DeleteDatabase(path);
        _files.Create(path).Dispose();
        _new = CatalogConnection.Open(path, isWriter: true);
        CatalogSchema.Migrate(_new);
        if (old is not null)
        {
            TakeOld(old);
        }

        TakeManifests();
        EndBatch();
        var result = new StoreRebuild(
            true, Count("resources WHERE blob IS NOT NULL"), Count("resources WHERE blob IS NULL"), Count("tombstones"), _lost.Count);
        SetStrangersAside();
        _new.Dispose();
        _new = null;
        Place(path);
        Conclude(result, old?.StrangeCount ?? 0);
        return result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _new?.Dispose();
        _lockFile.Dispose();
    }

    /// <summary>Copies the old catalog with its log, and opens the copy; null when there is none, or SQLite makes nothing of it.</summary>
    private CatalogSalvage? OpenOld(out bool isWhole)
    {
        isWhole = false;

        // When it was stopped before, the old one may be aside already.
        var isMarked = StoreFiles.Exists(_mark);
        var source = !isMarked || StoreFiles.Exists(_catalog) ? _catalog : Path.Combine(_files.Quarantine, StoreFiles.ReadText(_mark));
        if (!StoreFiles.Exists(source))
        {
            _say($"{_catalog} is not there.");
            return null;
        }

        var why = isMarked ? "a rebuild was stopped" : CatalogSchema.FindDamage(_files.Root);
        var copy = Path.Combine(_files.Temporary, "old.db");
        DeleteDatabase(copy);
        StoreFiles.Copy(source, copy);
        if (FindLog(source) is { } log)
        {
            StoreFiles.Copy(log, copy + "-wal");
        }

        // SQLite refuses a file that is shorter than it says, but not one with pages that say nothing.
        CatalogSchema.Extend(copy);
        var old = CatalogSalvage.TryOpen(copy);
        isWhole = why is null && old?.IsWhole() == true;
        if (!isWhole)
        {
            _say($"{source} is damaged{(why is null ? "" : $": {why}")}.");
        }

        return old;
    }

    /// <summary>The log of the old catalog, which goes aside before that.</summary>
    private string? FindLog(string source)
    {
        var log = source + "-wal";
        if (!StoreFiles.Exists(log) && StoreFiles.Exists(_mark))
        {
            var aside = Path.Combine(_files.Quarantine, StoreFiles.ReadText(_mark));
            log = StoreFiles.Exists(aside) ? log : aside + "-wal";
        }

        return StoreFiles.Exists(log) ? log : null;
    }

    /// <summary>Takes what can be read of the old catalog.</summary>
    private void TakeOld(CatalogSalvage old)
    {
        foreach (var (id, tombstone) in old.ReadTombstones())
        {
            Apply(new TombstoneChange(id, tombstone));
        }

        foreach (var row in old.ReadResources())
        {
            if (FindKnown(row.Id) is { } known && !row.Manifest.IsNewerThan(known))
            {
                continue;
            }

            if (row.Blob is null || IsWhole(row.Id, row.Manifest, row.Blob.Value))
            {
                Apply(new PutChange(row));
            }
        }

        foreach (var (token, saved, record) in old.ReadUploads())
        {
            Apply(new UploadChange(token, saved, record));
        }
    }

    /// <summary>Takes what stands beside the blobs, where nothing newer is known.</summary>
    private void TakeManifests()
    {
        foreach (var path in StoreFiles.Enumerate(_files.Manifests))
        {
            if (!BlobManifests.TryParseName(Path.GetFileName(path), out var digest, out var id))
            {
                continue;
            }

            if (!BlobManifests.TryRead(path, out var resource) || resource.Id != id || TreeDigest.Of(resource.Manifest) != digest)
            {
                if (FindKnown(id) is null)
                {
                    Lose(id, null, $"manifests/{Path.GetFileName(path)} is damaged");
                }

                _files.TryQuarantine(path);
                continue;
            }

            // A version that was lost is not replaced by an older one.
            var known = FindKnown(id) ?? (_lost.TryGetValue(id, out var lost) ? lost.Version : null);
            if (known is not null && !resource.Manifest.IsNewerThan(known))
            {
                continue;
            }

            if (IsWhole(id, resource.Manifest, digest))
            {
                Apply(new PutChange(new CatalogRow(id, resource.Manifest, resource.Retention, digest, null, resource.Manifest.Stamp)));
                _lost.Remove(id);
            }
            else
            {
                Apply(new ForgetChange(id));
                _files.TryQuarantine(path);
            }
        }
    }

    /// <summary>Whether a blob has every byte of a version. What has not is set aside.</summary>
    private bool IsWhole(ResourceId id, Manifest manifest, Sha256Digest digest)
    {
        var path = Path.Combine(_files.Blobs, digest.ToString());
        var isThere = StoreFiles.Exists(path);
        if (!_compared.TryGetValue(digest, out var isGood))
        {
            var finding = BlockChecks.CompareAll(manifest, path);
            if (finding == BlockChecks.Finding.Unknown)
            {
                throw new IOException($"{path} cannot be read.");
            }

            isGood = finding == BlockChecks.Finding.Good;
            _compared[digest] = isGood;
            if (!isGood && isThere)
            {
                _files.TryQuarantine(path);
            }
        }

        if (!isGood)
        {
            Lose(
                id, manifest,
                isThere ? $"blobs/{digest} is not what it should be, and in quarantine now" : $"blobs/{digest} is not there, or set aside");
        }

        return isGood;
    }

    private void Lose(ResourceId id, Manifest? version, string why) => _lost[id] = (version, why);

    /// <summary>The newest version that the new catalog has of a resource, or its deletion.</summary>
    private Manifest? FindKnown(ResourceId id)
    {
        foreach (var table in (string[])["resources", "tombstones"])
        {
            using var reader = _new!.Prepare($"SELECT manifest FROM {table} WHERE id = $1").Read(CatalogChange.KeyOf(id));
            if (reader.Read() && Manifest.TryParse(reader.GetFieldValue<byte[]>(0), out var manifest))
            {
                return manifest;
            }
        }

        return null;
    }

    private void Apply(CatalogChange change)
    {
        if (_batched == 0)
        {
            _new!.Begin();
        }

        change.Apply(_new!);
        if (++_batched == BatchMax)
        {
            EndBatch();
        }
    }

    private void EndBatch()
    {
        if (_batched > 0)
        {
            _new!.Commit();
            _batched = 0;
        }
    }

    private long Count(string what) => _new!.Prepare($"SELECT count(*) FROM {what}").ReadInt64();

    /// <summary>Sets aside what no row names and nothing tells of. What a newer version has taken the place of is left to the next
    /// start.</summary>
    private void SetStrangersAside()
    {
        foreach (var path in StoreFiles.Enumerate(_files.Blobs))
        {
            var name = Path.GetFileName(path);
            if ((!Sha256Digest.TryParseHex(name, out var digest) || !IsNamed(digest)) && _files.TryQuarantine(path))
            {
                _say($"blobs/{name} is in quarantine now: no newest version of a resource has it as its bytes.");
            }
        }
    }

    private bool IsNamed(Sha256Digest digest) =>
        _new!.Prepare("SELECT EXISTS (SELECT 1 FROM resources WHERE blob = $1)").ReadInt64(CatalogChange.BytesOf(digest)) != 0;

    /// <summary>Moves the old catalog aside and the new one into its place.</summary>
    private void Place(string path)
    {
        FlushFile(path);
        if (!StoreFiles.Exists(_mark))
        {
            var number = 1;
            while (StoreFiles.Enumerate(_files.Quarantine, NameOf(number) + "*").Any())
            {
                number++;
            }

            _files.Replace(_mark, Encoding.UTF8.GetBytes(NameOf(number)));
        }

        var aside = Path.Combine(_files.Quarantine, StoreFiles.ReadText(_mark));
        foreach (var ending in (string[])["-wal", "-shm", ""])
        {
            if (StoreFiles.Exists(_catalog + ending) && !StoreFiles.Exists(aside + ending))
            {
                _files.Move(_catalog + ending, aside + ending);
            }
        }

        _files.FlushFolder(_files.Quarantine);
        _files.Move(path, _catalog);
        _files.FlushFolder(_files.Root);
        _files.Delete(_mark);
        _files.FlushFolder(_files.Root);
        if (StoreFiles.Exists(aside))
        {
            _say($"The old catalog is {aside}.");
        }

        static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"catalog-{number}.db");
    }

    private void Conclude(StoreRebuild result, long strangeCount)
    {
        foreach (var (id, (_, why)) in _lost)
        {
            _say($"Resource {id} was not found again: {why}.");
        }

        _say(string.Create(
            CultureInfo.InvariantCulture,
            $"Found again: {result.Files} resources in files, {result.Rows} in rows of the old catalog, {result.Deletions} deletions."));
        var strange = strangeCount > 0 ? string.Create(CultureInfo.InvariantCulture, $", {strangeCount} rows that make no sense") : "";
        _say(string.Create(CultureInfo.InvariantCulture, $"Not found again: {result.Lost} resources that are told of{strange}."));
        _say(
            "Small resources (up to Store:InlineBytes) stood in the old catalog alone: of those that could not be read there, "
            + "nothing is known here any more.");
    }

    private void FlushFile(string path)
    {
        using var file = _files.OpenToWrite(path);
        _files.Flush(file);
    }

    private static void DeleteDatabase(string path)
    {
        foreach (var ending in (string[])["", "-wal", "-shm"])
        {
            StoreFiles.RemoveCopy(path + ending);
        }
    }
}
