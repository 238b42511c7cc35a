using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using MurkyWaters.Tests.Store;
using MurkyWaters.Uploading;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Uploading;

/// <summary>Uploads in several requests, across the ends of processes and of the machine.</summary>
public sealed class PendingUploadsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(999, 1)]
    [InlineData(1000, 1000)]
    [InlineData(2500, 1)]
    [InlineData(2500, 1700)]
    [InlineData(2500, 2500)]
    public async Task An_upload_goes_on_in_another_process(int length, int first)
    {
        var bytes = Bytes.Random(length, 1);
        string token;
        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            var upload = uploads.TryCreate(
                new UploadOptions { Id = new ResourceId(1), Length = length, ContentType = "text/plain" }, "note")!;
            token = upload.Token;
            await AppendAsync(upload, bytes[..first]);
        }

        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            var upload = uploads.Find(token)!;
            Assert.Equal((first, (long?)length, "note", new ResourceId(1)), (upload.Offset, upload.Length, upload.Note, upload.Resource));
            await AppendAsync(upload, bytes[first..]);
            Assert.Equal(UploadOutcome.Created, await CommitAsync(upload));
            Assert.Equal(bytes, await store.ReadAsync(1));
            Assert.Equal("text/plain", store.Store.FindEntry(new ResourceId(1))!.Resource.Manifest.ContentType);
        }

        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            Assert.True(uploads.Find(token)!.IsComplete);
            Assert.Equal(length, uploads.Find(token)!.Offset);
        }
    }

    [Fact]
    public async Task One_network_has_half_of_the_places_and_its_empty_uploads_give_way()
    {
        var time = new MovedTime();
        using var store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath) with { BootId = "boot", Time = time });
        await using var uploads = new PendingUploads(store.Store, 20, TimeSpan.FromDays(1), null, NullLogger.Instance);
        var options = new UploadOptions { Id = new ResourceId(1), ContentType = "text/plain" };
        var hoarded = Enumerable.Range(0, 30).Select(_ => uploads.TryCreate(options, "", network: 1)).Where(upload => upload is not null)
            .ToList();
        Assert.Equal(10, hoarded.Count);
        await AppendAsync(hoarded[0]!, Bytes.Random(10, 1));
        Assert.All(Enumerable.Range(0, 10), i => Assert.NotNull(uploads.TryCreate(options, "", network: 2u + (uint)i)));
        Assert.Null(uploads.TryCreate(options, "", network: 99));

        // The one that something has come of stays.
        time.Ahead = TimeSpan.FromSeconds(11);
        Assert.NotNull(uploads.TryCreate(options, "", network: 99));
        Assert.Equal(20, uploads.Count);
        Assert.NotNull(uploads.Find(hoarded[0]!.Token));
        Assert.Null(uploads.Find(hoarded[1]!.Token));
    }

    [Fact]
    public async Task A_process_that_dies_in_a_turn_keeps_what_was_written_and_a_machine_what_was_flushed()
    {
        var bytes = Bytes.Random(5000, 1);
        string token;
        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            var upload = uploads.TryCreate(new UploadOptions { Id = new ResourceId(1) }, "")!;
            token = upload.Token;
            await AppendAsync(upload, bytes[..1500]);
        }

        // A turn that got further and never came to its end.
        await File.WriteAllBytesAsync(Path.Combine(_folder.FullPath, "uploads", token + ".data"), bytes[..3200], Token);
        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            Assert.Equal(3200, uploads.Find(token)!.Offset);
        }

        using (var store = Open("another boot"))
        {
            await using var uploads = Table(store);
            var upload = uploads.Find(token)!;
            Assert.Equal(1500, upload.Offset);
            await AppendAsync(upload, bytes[1500..]);
            Assert.Equal(UploadOutcome.Created, await CommitAsync(upload));
            Assert.Equal(bytes, await store.ReadAsync(1));
        }
    }

    /// <summary>The bytes were on the disk, and that they were could not be noted: the next turn notes it.</summary>
    [Fact]
    public async Task What_could_not_be_noted_as_kept_is_noted_the_next_time()
    {
        var bytes = Bytes.Random(1500, 1);
        var (isFailing, writes) = (false, 0);
        string token;
        using (var store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath) with
        {
            BootId = "boot",
            BeforeStep = step =>
            {
                // Three of the bytes (or fewer, of larger buffers), and then the row's.
                if (isFailing && step == "write" && ++writes == 4)
                {
                    throw new IOException(step, 24);
                }
            },
        }))
        {
            await using var uploads = Table(store);
            var upload = uploads.TryCreate(new UploadOptions { Id = new ResourceId(1) }, "")!;
            token = upload.Token;
            isFailing = true;
            await using (var turn = (await upload.EnterAsync(Token))!)
            {
                await turn.WriteAsync(bytes, Token);
                Assert.NotNull(await turn.SaveAsync());
            }

            isFailing = false;
            Assert.Equal(1500, upload.Offset);
            await AppendAsync(upload, []);
            await using (var turn = (await upload.EnterAsync(Token))!)
            {
                await turn.WriteAsync(ReadOnlyMemory<byte>.Empty, Token);
                Assert.Null(await turn.SaveAsync());
            }
        }

        using (var store = Open("another boot"))
        {
            await using var uploads = Table(store);
            Assert.Equal(1500, uploads.Find(token)!.Offset);
        }
    }

    [Fact]
    public async Task A_full_disk_keeps_what_fits_and_the_upload_goes_on_when_there_is_room()
    {
        var free = 9_000L;
        var bytes = Bytes.Random(10_000, 1);
        using var store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath) with { Space = new DiskSpace(() => free, 0) });
        await using var uploads = Table(store);
        Assert.Throws<StoreFullException>(() => uploads.TryCreate(new UploadOptions { Length = 10_000 }, ""));
        var upload = uploads.TryCreate(new UploadOptions { Id = new ResourceId(1) }, "")!;
        free = 1_000_000_000;
        await AppendAsync(upload, bytes[..2500]);
        free = 0;
        await Assert.ThrowsAsync<StoreFullException>(() => AppendAsync(upload, bytes[2500..]));
        Assert.Equal(2500, upload.Offset);
        Assert.Equal(new FileInfo(Path.Combine(_folder.FullPath, "uploads", upload.Token + ".data")).Length, upload.Offset);
        free = 1_000_000_000;
        await AppendAsync(upload, bytes[(int)upload.Offset..]);
        Assert.Equal(UploadOutcome.Created, await CommitAsync(upload));
        Assert.Equal(bytes, await store.ReadAsync(1));
    }

    [Fact]
    public async Task Nothing_is_left_of_uploads_that_ended_or_are_torn()
    {
        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            var cancelled = uploads.TryCreate(new UploadOptions(), "")!;
            await AppendAsync(cancelled, Bytes.Random(1500, 1));
            await using (var turn = await cancelled.EnterAsync(Token))
            {
                await turn!.CancelAsync();
            }

            Assert.Null(await cancelled.EnterAsync(Token));
            var mismatched = uploads.TryCreate(new UploadOptions { ExpectedSha256 = Sha256Digest.Of("other"u8) }, "")!;
            await AppendAsync(mismatched, Bytes.Random(1500, 1));
            Assert.Equal(UploadOutcome.DigestMismatch, await CommitAsync(mismatched));
            store.AssertNothingLeftOver();
            Assert.Empty(Directory.EnumerateFiles(store.Store.Files.Uploads));
            await File.WriteAllTextAsync(Path.Combine(store.Store.Files.Uploads, "0123.json"), "{ torn", Token);
            await File.WriteAllTextAsync(Path.Combine(store.Store.Files.Uploads, "4567.data"), "no record", Token);
        }

        using (var store = Open("boot"))
        {
            await using var uploads = Table(store);
            Assert.Empty(Directory.EnumerateFiles(store.Store.Files.Uploads));
        }
    }

    [Fact]
    public async Task Turns_come_one_after_the_other_and_each_ends_the_one_before()
    {
        using var store = Open("boot");
        await using var uploads = Table(store);
        var upload = uploads.TryCreate(new UploadOptions(), "")!;
        var first = (await upload.EnterAsync(Token))!;
        Assert.False(first.TakenOver.IsCancellationRequested);
        using var impatient = new CancellationTokenSource();
        var second = upload.EnterAsync(impatient.Token);
        var third = upload.EnterAsync(Token);
        var ended = new TaskCompletionSource();
        await using (first.TakenOver.Register(ended.SetResult))
        {
            await ended.Task;
        }

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(third.IsCompleted);
        await first.DisposeAsync();
        await (await third)!.DisposeAsync();
    }

    private static PendingUploads Table(StoreFixture store) => new(store.Store, 10, TimeSpan.FromHours(1), null, NullLogger.Instance);

    private static async Task AppendAsync(PendingUpload upload, byte[] bytes)
    {
        await using var turn = (await upload.EnterAsync(Token))!;
        for (var offset = 0; offset < bytes.Length; offset += 777)
        {
            await turn.WriteAsync(bytes.AsMemory(offset, Math.Min(777, bytes.Length - offset)), Token);
        }
    }

    private static async Task<UploadOutcome> CommitAsync(PendingUpload upload)
    {
        await using var turn = (await upload.EnterAsync(Token))!;
        return (await turn.CommitAsync(null, null, Token)).Outcome;
    }

    private StoreFixture Open(string bootId) => new(StoreFixture.SmallBlocks(_folder.FullPath) with { BootId = bootId });

    private sealed class MovedTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
