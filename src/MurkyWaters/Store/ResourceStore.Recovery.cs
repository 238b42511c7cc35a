using System.Globalization;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What happens at start.</summary>
internal sealed partial class ResourceStore
{
    private void Recover()
    {
        var started = _options.Time.GetTimestamp();
        Files.CreateFolders();
        foreach (var path in Directory.EnumerateFiles(Files.Temporary))
        {
            Files.Delete(path);
        }

        NodeId = NodeIdentity.ReadOrDraw(Files, _logger);
        var discarded = 0;
        foreach (var path in Directory.EnumerateFiles(Files.Records))
        {
            if (!TryRecover(path))
            {
                discarded++;
                StoreLog.RecordDiscarded(_logger, Path.GetFileName(path));
                Files.Delete(path);
            }
        }

        _fetchedBytes = _entries.Values.Sum(entry => entry.FetchedBytes);
        Partials.Recover(resource => FindEntry(resource.Id) is not { } entry || resource.Manifest.IsNewerThan(entry.Resource.Manifest));

        // A record whose name was never flushed may go back to the one before with the machine's power, and needs its bytes then.
        Files.FlushFolder(Files.Records);
        var orphans = RemoveOrphans();
        Files.Reserve.Fill();
        StoreLog.Opened(_logger, Files.Root, _liveIds.Count, discarded, orphans, _options.Time.GetElapsedTime(started).TotalMilliseconds);
    }

    private bool TryRecover(string path)
    {
        if (!ulong.TryParse(Path.GetFileName(path), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            || path != RecordPathOf(new ResourceId(id))
            || !ResourceRecord.TryParse(File.ReadAllBytes(path), out var resource)
            || resource.Id.Value != id)
        {
            return false;
        }

        var manifest = resource.Manifest;
        if (manifest.IsDeleted)
        {
            if (IsExpired(manifest))
            {
                return false;
            }

            _entries[resource.Id] = new StoreEntry(resource, null, Encoders);
            return true;
        }

        var blob = Blobs.At(TreeDigest.Of(manifest), manifest.Layout.Length);
        var file = new FileInfo(blob.FilePath);
        if (!file.Exists || file.Length != blob.Length)
        {
            return false;
        }

        _entries[resource.Id] = new StoreEntry(resource, blob, Encoders);
        _liveIds.Add(resource.Id);
        Name(blob);
        return true;
    }

    /// <summary>Removes the files that no record names, as a crash between two steps leaves them.</summary>
    private int RemoveOrphans()
    {
        var count = 0;
        foreach (var path in Directory.EnumerateFiles(Files.Blobs))
        {
            if (!Sha256Digest.TryParseHex(Path.GetFileName(path), out var digest) || !IsNamed(digest))
            {
                Files.Discard(path);
                count++;
            }
        }

        return count;
    }
}
