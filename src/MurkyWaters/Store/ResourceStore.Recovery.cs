using System.Globalization;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What happens at start, and what is done with what cannot be understood: it is set aside, never deleted.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>So many files are compared with the catalog before the store is open, in some tens
    /// of milliseconds; more in the background.</summary>
    private const int CheckedAtStart = 20_000;

    private long _quarantinedCount;
    private Task _removals = Task.CompletedTask;
    private volatile bool _isClosing;

    /// <summary>Files and rows that were set aside, those of earlier processes too.</summary>
    public long QuarantinedCount => Interlocked.Read(ref _quarantinedCount);

    /// <summary>Ends when all files were compared with the catalog.</summary>
    public Task Checked { get; private set; } = Task.CompletedTask;

    private void Recover()
    {
        var started = _options.Time.GetTimestamp();
        Files.CreateFolders();
        Files.RemoveProbes();
        Catalog = ResourceCatalog.Open(Files);
        Blobs.PutBack();
        foreach (var path in StoreFiles.Enumerate(Files.Temporary))
        {
            Files.Delete(path);
        }

        NodeId = NodeIdentity.ReadOrDraw(Files, _logger);
        Files.CountAside();
        _quarantinedCount = StoreFiles.Enumerate(Files.Quarantine)
            .LongCount(path => !path.EndsWith(BodyEnding, StringComparison.Ordinal));
        foreach (var digest in Catalog.FindDropped())
        {
            Blobs.Drop(Blobs.At(digest, 0));
        }

        if (StoreFiles.Enumerate(Files.Blobs).Take(CheckedAtStart).Count() < CheckedAtStart)
        {
            CheckFiles();
        }
        else
        {
            Checked = Task.Run(() =>
            {
                try
                {
                    CheckFiles();
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    StoreLog.NotChecked(_logger, error, Files.Blobs);
                }
            });
        }

        Partials.Recover(resource => FindEntry(resource.Id) is not { } entry || resource.Manifest.IsNewerThan(entry.Resource.Manifest));
        Files.Reserve.Fill();
        StoreLog.Opened(_logger, Files.Root, Catalog.Count, QuarantinedCount, _options.Time.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>Sets aside rows whose file is not there or not of its length, and files that no row names.</summary>
    private void CheckFiles()
    {
        const int pageSize = 1000;
        var doubtful = Manifests.FindDoubtful();
        NamedBlob? after = null;
        while (!_isClosing)
        {
            var page = Catalog.FindNamed(after, pageSize);
            foreach (var (digest, length, id, manifestBytes) in page)
            {
                var blob = Blobs.At(digest, length);
                if (!blob.IsWhole())
                {
                    SetAsideAsync(id, blob, null).GetAwaiter().GetResult();
                }
                else if (!Manifests.IsThere(digest, id, manifestBytes, doubtful))
                {
                    _unsettled.Enqueue((id, digest));
                }
            }

            if (page.Count < pageSize)
            {
                break;
            }

            after = page[^1];
        }

        var aside = new HashSet<Sha256Digest>();
        foreach (var path in StoreFiles.Enumerate(Files.Blobs).TakeWhile(_ => !_isClosing))
        {
            var name = Path.GetFileName(path);
            if (PublicationNotes.IsNote(name))
            {
                continue;
            }

            var isBlob = Sha256Digest.TryParseHex(name, out var digest) && name == digest.ToString();
            if (isBlob ? Blobs.TryQuarantine(digest) : Files.TryQuarantine(path))
            {
                NoteQuarantined(name, "no resource names it");
                if (isBlob)
                {
                    aside.Add(digest);
                }
            }
        }

        CheckManifests(aside);
    }

    /// <summary>Sets a file aside that nobody knows.</summary>
    public void SetAside(string path)
    {
        if (Files.TryQuarantine(path))
        {
            NoteQuarantined(Path.GetFileName(path), "nobody knows it");
        }
    }

    /// <summary>Saves a row that cannot be understood, and has it removed. Under the resource's gate or not.</summary>
    internal void SetAside(StrangeRow strange)
    {
        try
        {
            if (Save(strange.Id, strange.Manifest, strange.Body))
            {
                NoteQuarantined($"resource {strange.Id}", "its row cannot be understood");
            }
        }
        catch (StoreException error)
        {
            StoreLog.NotQuarantined(_logger, error, $"resource {strange.Id}");
            return;
        }

        NoteLost(strange.Id, strange.IsKept);

        // Whoever has found it may have the gate.
        StartRemoval(() => RemoveStrangeAsync(strange.Id));
    }

    private async Task RemoveStrangeAsync(ResourceId id)
    {
        try
        {
            using (await _gates.EnterAsync(id, CancellationToken.None))
            {
                if (Catalog.Find(id).Strange is not null)
                {
                    await ChangeAsync(new ForgetChange(id), null);
                }
            }
        }
        catch (StoreException error)
        {
            StoreLog.NotQuarantined(_logger, error, $"resource {id}");
        }
    }

    /// <summary>Ends what goes on in the background.</summary>
    private void StopBackground()
    {
        _isClosing = true;
        Scrub.Dispose();
        lock (_reads)
        {
            Task.WaitAll(Checked, _removals, _settling);
        }
    }

    /// <summary>Writes what a row had into files; false when that was done before.</summary>
    private bool Save(ResourceId id, byte[] manifest, byte[]? body)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{id.Value}-{Sha256Digest.Of(manifest).ToString()[..16]}");
        var path = Path.Combine(Files.Quarantine, name + ".manifest");
        if (StoreFiles.Exists(path))
        {
            return false;
        }

        if (body is not null)
        {
            Files.Replace(Path.Combine(Files.Quarantine, name + BodyEnding), body);
            Files.NoteAside(Path.Combine(Files.Quarantine, name + BodyEnding));
        }

        Files.Replace(path, manifest);
        Files.NoteAside(path);
        return true;
    }

    private void NoteQuarantined(string what, string why)
    {
        Interlocked.Increment(ref _quarantinedCount);
        StoreLog.Quarantined(_logger, what, Files.Quarantine, why);
    }

    private const string BodyEnding = ".body";
}
