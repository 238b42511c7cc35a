using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using MurkyWaters.Uploading;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>Opens what a stop has left, and compares it with what was promised then.</summary>
internal static class ImageCheck
{
    /// <summary>Opens it and compares.</summary>
    /// <param name="folder">What was left.</param>
    /// <param name="model">What was promised.</param>
    /// <param name="machineStopped">Whether the machine stopped, and not only the process.</param>
    /// <param name="hadFaults">Whether the disk had failed before, so that a manifest beside a file may be one of a version before.</param>
    public static async Task CheckAsync(string folder, ModelImage model, bool machineStopped, bool hadFaults)
    {
        var options = ScheduleRun.Options(folder) with { BootId = machineStopped ? "another boot" : "boot" };
        using var store = ResourceStore.Open(options, NullLogger.Instance);
        await using var pending = ScheduleRun.OpenUploads(store);
        await store.Checked;
        ScheduleRun.Maintain(store, pending);
        foreach (var (id, allowed) in model.Allowed)
        {
            var value = await FindAsync(store, id);
            var isFine = allowed.Contains(value) && (machineStopped || !model.Seen.TryGetValue(id, out var seen) || seen == value);
            var shown = model.Seen.TryGetValue(id, out var last) ? $", seen as {last}" : "";
            var expected = string.Join(" or ", allowed.Select(one => one?.ToString() ?? "nothing")) + shown;
            Assert.True(
                isFine || (value is null && model.Rotten.Contains(id)),
                $"{id} is {value?.ToString() ?? "not there"}, and may be {expected}");
        }

        model.Uploads.ToList().ForEach(upload => CheckUpload(store, pending, upload, machineStopped));
        foreach (var fetch in model.Fetches)
        {
            CheckFetch(store, fetch, machineStopped, isRotten: model.Rotten.Contains(fetch.Id));
        }

        // What was found to be wrong is gone by now.
        ScheduleRun.Maintain(store, pending);
        AssertNothingHeld(store, pending.Count);
        AssertNothingLeftOver(store, pending, model, isFresh: true);
        await store.SettleManifestsAsync();
        AssertManifests(store, isExact: !machineStopped && !hadFaults);
        Assert.True(
            model.Rotten.Count > 0 || store.QuarantinedCount == 0,
            $"set aside, and nothing was wrong: {string.Join(", ", Names(store.Files.Quarantine))}");
    }

    /// <summary>Makes the catalog anew, without the old one, of what a killed process has left. What is in a file is there as it was, or
    /// in the middle of a change as it was or is to be; what is in a row is gone, and what was deleted does not come back.</summary>
    public static async Task CheckWithoutCatalogAsync(string folder, ModelImage model)
    {
        foreach (var path in Directory.GetFiles(folder, "catalog.db*"))
        {
            File.Delete(path);
        }

        var said = new List<string>();
        StoreRebuild.Run(folder, said.Add);
        using var store = ResourceStore.Open(ScheduleRun.Options(folder), NullLogger.Instance);
        await store.Checked;
        foreach (var (id, allowed) in model.Allowed)
        {
            var value = await FindAsync(store, id);
            var isInRow = allowed.Any(one => one is null || Contents.Of(one.Content).Length <= Contents.InlineBytes);
            var expected = string.Join(" or ", allowed.Select(one => one?.ToString() ?? "nothing"));
            Assert.True(
                allowed.Contains(value) || (value is null && (isInRow || model.Rotten.Contains(id))),
                $"{id} is {value?.ToString() ?? "not there"}, and may be {expected}; {string.Join(' ', said)}");
        }
    }

    /// <summary>What a store has of a resource; whatever it has is whole.</summary>
    public static async Task<Value?> FindAsync(ResourceStore store, int id)
    {
        for (var tries = 0; store.FindEntry(new ResourceId((ulong)id)) is { IsTombstone: false } entry; tries++)
        {
            // It may have been replaced just now, or set aside.
            if (tries == 100)
            {
                // A disk that fails does not let it be set aside.
                Assert.True(store.Files.Health.Trouble is not null, $"{id} is there and can never be read");
                return null;
            }

            if (StoredReader.TryOpen(store, entry) is { } reader)
            {
                await using (reader)
                {
                    try
                    {
                        var content = Contents.Find(await Bytes.ReadAllAsync(reader));
                        Assert.True(content >= 0, $"{id} has bytes that nobody has put");
                        return new Value(content, entry.Resource.Manifest.ContentType, entry.Resource.Retention);
                    }
                    catch (FetchFailedException)
                    {
                        // A wrong block: nobody else has it, and it is set aside.
                    }
                }
            }
        }

        return null;
    }

    /// <summary>That nobody has a lease, a turn or room.</summary>
    public static void AssertNothingHeld(ResourceStore store, int uploadCount)
    {
        Assert.InRange(uploadCount, 0, Schedule.SlotCount);
        Assert.Equal(new StoreHoldings(), store.Holdings);
    }

    /// <summary>That there is no file but those that something names.</summary>
    /// <param name="store">The store.</param>
    /// <param name="pending">Its uploads.</param>
    /// <param name="model">What was promised.</param>
    /// <param name="isFresh">Whether the disk has not failed since the store was opened: else what it did not let go of uploads and fetches
    /// goes when it is opened the next time.</param>
    public static void AssertNothingLeftOver(ResourceStore store, PendingUploads pending, ModelImage model, bool isFresh)
    {
        Assert.Equal(model.Allowed.Keys.Count(id => store.FindEntry(new ResourceId((ulong)id)) is { IsTombstone: false }), store.Count);
        Assert.Empty(Names(store.Files.Temporary));
        Assert.Equal(store.Catalog.FindBlobs(null, 1000).Select(blob => blob.Blob.ToString()).Distinct().Order(), Names(store.Files.Blobs));
        Assert.Empty(store.Catalog.FindDropped());
        var uploads = store.Catalog.FindUploads()
            .Select(upload => pending.Find(upload.Token)).Where(upload => isFresh || upload is not null).ToList();
        Assert.DoesNotContain(null, uploads);
        var data = uploads.Where(upload => upload is { IsComplete: false }).Select(upload => upload!.Token + ".data").ToHashSet();
        Assert.Subset(data, Names(store.Files.Uploads).ToHashSet());
        Assert.True(!isFresh || data.Count == Names(store.Files.Uploads).Count(), "an upload's bytes are gone");
        if (!isFresh)
        {
            return;
        }

        var partials = Enumerable.Range(1, Schedule.IdCount).SelectMany(id => store.Partials.FindAll(new ResourceId((ulong)id)));
        string[] ends = [".data", ".journal", ".record"];
        Assert.Equal(
            partials.SelectMany(partial => ends.Select(end => Path.GetFileNameWithoutExtension(partial.DataPath) + end)).Order(),
            Names(store.Files.Partials));
    }

    /// <summary>That each resource which is in a file has its manifest beside it, and nobody else. A machine that stops may leave one of a
    /// version before.</summary>
    public static void AssertManifests(ResourceStore store, bool isExact)
    {
        var named = store.Catalog.FindNamed(null, 1000);
        Assert.Equal(named.Select(one => BlobManifests.NameOf(one.Blob, one.Id)).Order(), Names(store.Files.Manifests));
        foreach (var one in isExact ? named : [])
        {
            Assert.True(store.Manifests.IsRight(store.FindEntry(one.Id)!.Resource, one.Blob), $"the manifest of {one.Id} is another's");
        }
    }

    private static void CheckUpload(ResourceStore store, PendingUploads pending, UploadState upload, bool machineStopped)
    {
        var whole = Contents.Of(upload.Content);
        if (pending.Find(upload.Token) is not { } there)
        {
            Assert.True(upload.IsGone || upload.IsEnding, $"the upload of {upload.Id} is forgotten at {upload.Offset} bytes");
            return;
        }

        Assert.False(upload is { IsGone: true, IsEnding: false }, "a cancelled upload is back");
        Assert.False(upload is { IsComplete: true, IsEnding: false } && !there.IsComplete, "an upload that has ended goes on");
        if (there.IsComplete)
        {
            Assert.True(upload.IsComplete || upload.IsEnding);
            return;
        }

        Assert.True(
            there.Offset >= (machineStopped || upload.IsEnding ? upload.Offset : upload.Told),
            $"of {upload.Told} ({upload.Offset}) bytes of an upload {there.Offset} are there");
        var file = Path.Combine(store.Files.Uploads, upload.Token + ".data");
        Assert.True(whole.AsSpan(0, (int)there.Offset).SequenceEqual(File.ReadAllBytes(file)), "an upload goes on behind other bytes");
    }

    private static void CheckFetch(ResourceStore store, FetchState fetch, bool machineStopped, bool isRotten)
    {
        var id = new ResourceId((ulong)fetch.Id);
        var partial = store.Partials.FindAll(id).FirstOrDefault(one => one.Manifest.Version == fetch.Manifest.Version);
        if (partial is null)
        {
            var isOutdated = store.FindEntry(id) is { } entry && !fetch.Manifest.IsNewerThan(entry.Resource.Manifest);
            Assert.True(
                machineStopped || isRotten || fetch.MayBeGone || isOutdated || fetch.Written.Count == 0,
                $"{fetch.Written.Count} blocks of {fetch.Id} are gone");
            return;
        }

        using var lease = store.Partials.Lease(id, fetch.Manifest);
        partial.Prepare();
        var layout = fetch.Manifest.Layout;
        for (var i = 0; i < layout.BlockCount; i++)
        {
            Assert.True(
                machineStopped || fetch.MayBeGone || !fetch.Written.Contains(i) || partial.HasBlock(i), $"block {i} of {fetch.Id} is gone");
            if (partial.HasBlock(i))
            {
                var block = new byte[layout.BytesOf(i)];
                Assert.Equal(block.Length, partial.Read(layout.OffsetOf(i), block));
                var right = Contents.Of(fetch.Content).AsSpan((int)layout.OffsetOf(i), block.Length);
                Assert.True(block.AsSpan().SequenceEqual(right), "a fetch has another block");
            }
        }
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)!).Order();
}
