using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using MurkyWaters.Uploading;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>A disk that refuses one step, or all from one on.</summary>
public sealed class FailingDiskTests
{
    private const int InputOutputError = 5, TooManyFiles = 24, NoSpace = 28, ReadOnlyFileSystem = 30;

    /// <summary>Every step of an operation fails once, with every error: it is said, the old version or the new one is there, in memory as
    /// after a kill, and the next try succeeds as soon as the disk does.</summary>
    [Theory]
    [InlineData("create", InputOutputError)]
    [InlineData("create", TooManyFiles)]
    [InlineData("create", NoSpace)]
    [InlineData("replace", InputOutputError)]
    [InlineData("replace", TooManyFiles)]
    [InlineData("replace", NoSpace)]
    [InlineData("replace", ReadOnlyFileSystem)]
    [InlineData("delete", InputOutputError)]
    [InlineData("delete", TooManyFiles)]
    [InlineData("delete", NoSpace)]
    [InlineData("same bytes under two ids", InputOutputError)]
    [InlineData("same bytes under two ids", NoSpace)]
    [InlineData("describe anew", InputOutputError)]
    public async Task A_step_that_fails_leaves_the_old_version_or_the_new_one_and_the_next_try_succeeds(string operation, int error)
    {
        var before = Bytes.Random(2500, 1);
        var after = operation == "delete" ? null : operation == "describe anew" ? before : Bytes.Random(3001, 2);
        var failures = 0;
        for (var failAt = 1; ; failAt++)
        {
            using var folder = new TemporaryFolder();
            var steps = int.MinValue;
            var options = StoreFixture.SmallBlocks(folder.FullPath) with
            {
                BeforeStep = step =>
                {
                    if (++steps == failAt)
                    {
                        throw new IOException(step, error);
                    }
                },
            };
            var isOver = operation is "replace" or "delete" or "describe anew";
            using (var store = new StoreFixture(options))
            {
                if (isOver)
                {
                    await store.PutAsync(1, before);
                }
                else if (operation.StartsWith("same", StringComparison.Ordinal))
                {
                    await store.PutAsync(2, after!);
                }

                steps = 0;
                var failure = await TryAsync(store, after, operation);
                var stepsTaken = steps;
                steps = int.MinValue;
                failures += failure is null ? 0 : 1;
                Assert.True(failure is null or StoreException, $"{failure}");
                var found = await store.ReadAsync(1);
                Assert.True(
                    Same(found, after) || (isOver ? Same(found, before) : found is null), $"neither old nor new after step {failAt}");
                if (failure is null)
                {
                    Assert.True(Same(found, after));
                }
                else if (error == NoSpace)
                {
                    Assert.IsType<StoreFullException>(failure);
                }

                using (var again = await KilledAsync(folder.FullPath))
                {
                    Assert.True(Same(await again.ReadAsync(1), found), $"after a kill another version than before it, step {failAt}");
                }

                store.Store.Files.Health.TryRecover();
                Assert.Null(store.Store.Files.Health.Trouble);
                var isDeleted = after is null && found is null;
                Assert.Null(isDeleted ? null : await TryAsync(store, after, operation));
                Assert.True(Same(await store.ReadAsync(1), after));
                if (stepsTaken < failAt)
                {
                    Assert.True(failures > 0, "nothing failed");
                    return;
                }
            }

            using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath)))
            {
                Assert.True(Same(await store.ReadAsync(1), after));
                store.AssertNothingLeftOver();
            }
        }
    }

    [Fact]
    public async Task After_a_flush_that_failed_nothing_is_written_until_a_probe_succeeds_and_reads_go_on()
    {
        using var folder = new TemporaryFolder();
        var isFailing = false;
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with
        {
            BeforeStep = step =>
            {
                if (isFailing && (step == "flush" || step == "probe"))
                {
                    throw new IOException(step, InputOutputError);
                }
            },
        });
        await store.PutAsync(1, Bytes.Random(10, 1));
        isFailing = true;
        await Assert.ThrowsAsync<StoreReadOnlyException>(() => store.PutAsync(1, Bytes.Random(10, 2)));
        var health = store.Store.Files.Health;
        Assert.Contains("Input/output error", health.Trouble, StringComparison.Ordinal);
        Assert.Equal(1, health.ErrorCounts["failing"]);
        Assert.Throws<StoreReadOnlyException>(() => { _ = new StoreUpload(store.Store, new UploadOptions(), store.Options); });
        await Assert.ThrowsAsync<StoreReadOnlyException>(() => store.DeleteAsync(1));
        Assert.Equal(Bytes.Random(10, 1), await store.ReadAsync(1));
        health.TryRecover();
        Assert.NotNull(health.Trouble);

        isFailing = false;
        Assert.NotNull(health.Trouble);
        health.TryRecover();
        Assert.Null(health.Trouble);
        Assert.Equal(UploadOutcome.Replaced, (await store.PutAsync(1, Bytes.Random(10, 2))).Outcome);
    }

    [Fact]
    public async Task A_full_disk_is_no_failing_one()
    {
        using var folder = new TemporaryFolder();
        var isFull = false;
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with
        {
            BeforeStep = step =>
            {
                if (isFull && step is "write" or "probe")
                {
                    throw new IOException(step, NoSpace);
                }
            },
        });
        isFull = true;
        await Assert.ThrowsAsync<StoreFullException>(() => store.PutAsync(1, Bytes.Random(10, 1)));
        Assert.Null(store.Store.Files.Health.Trouble);
        isFull = false;
        await store.PutAsync(1, Bytes.Random(10, 1));
        store.AssertNothingLeftOver();
    }

    [Fact]
    public async Task What_is_deleted_on_a_full_disk_is_deleted_and_the_next_one_too()
    {
        using var folder = new TemporaryFolder();
        var isFull = false;
        var hasGiven = false;
        using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with
        {
            BeforeStep = step =>
            {
                // Only what the reserve gives is there.
                hasGiven |= step == "delete reserve";
                if (isFull && !hasGiven && step == "write")
                {
                    throw new IOException(step, NoSpace);
                }
            },
        }))
        {
            await store.PutAsync(1, Bytes.Random(10, 1));
            await store.PutAsync(2, Bytes.Random(10, 2));
            await store.PutAsync(3, Bytes.Random(10, 3));
            isFull = true;
            await Assert.ThrowsAsync<StoreFullException>(() => store.PutAsync(4, Bytes.Random(10, 4)));
            Assert.True(await store.DeleteAsync(1));
            Assert.Null(await store.ReadAsync(1));
            hasGiven = false;
            isFull = false;
            store.Store.Tick();
            isFull = true;
            Assert.True(await store.DeleteAsync(2));
        }

        using var again = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath));
        Assert.Equal([3ul], again.Ids());
        Assert.Equal(2, again.Store.Catalog.TombstoneCount);
    }

    /// <summary>Every step of the commit of an upload in several requests fails once: what it says then of where it stands is so, and it
    /// goes on from there.</summary>
    [Theory]
    [InlineData(InputOutputError)]
    [InlineData(NoSpace)]
    [InlineData(TooManyFiles)]
    public async Task An_upload_in_several_requests_goes_on_where_it_says_that_it_stands(int error)
    {
        var bytes = Bytes.Random(3500, 1);
        for (var failAt = 1; ; failAt++)
        {
            using var folder = new TemporaryFolder();
            var steps = int.MinValue;
            using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with
            {
                BeforeStep = step =>
                {
                    if (++steps == failAt)
                    {
                        throw new IOException(step, error);
                    }
                },
            });
            await store.PutAsync(1, Bytes.Random(10, 2));
            await using var uploads = new PendingUploads(store.Store, 10, TimeSpan.FromHours(1), null, NullLogger.Instance);
            var upload = uploads.TryCreate(new UploadOptions { Id = new ResourceId(1), Length = bytes.Length }, "")!;
            await AppendAsync(upload, bytes[..1700]);
            steps = 0;
            try
            {
                await AppendAsync(upload, bytes[1700..]);
                await CommitAsync(upload);
            }
            catch (StoreException)
            {
            }

            var isOver = steps < failAt;
            steps = int.MinValue;
            store.Store.Files.Health.TryRecover();
            Assert.InRange(upload.Offset, 0, bytes.Length);
            if (error == NoSpace && !upload.IsComplete)
            {
                Assert.True(
                    upload.Offset >= 1700 || Same(await store.ReadAsync(1), bytes), $"bytes that were kept are gone after step {failAt}");
            }

            if (!upload.IsComplete)
            {
                await AppendAsync(upload, bytes[(int)upload.Offset..]);
                await CommitAsync(upload);
            }

            Assert.True(upload.IsComplete);
            Assert.Equal(bytes.Length, upload.Offset);
            Assert.Equal(bytes, await store.ReadAsync(1));
            if (isOver)
            {
                Assert.True(failAt > 8);
                return;
            }
        }

        static async Task AppendAsync(PendingUpload upload, byte[] bytes)
        {
            var turn = (await upload.EnterAsync(TestContext.Current.CancellationToken))!;
            await using (turn)
            {
                await turn.WriteAsync(bytes, TestContext.Current.CancellationToken);
            }

            if (turn.Failure is { } failure)
            {
                throw failure;
            }
        }

        static async Task CommitAsync(PendingUpload upload)
        {
            await using var turn = (await upload.EnterAsync(TestContext.Current.CancellationToken))!;
            await turn.CommitAsync(null, null, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Nobody_else_can_read_what_is_stored()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        using var folder = new TemporaryFolder();
        var root = Path.Combine(folder.FullPath, "store");
        using var store = new StoreFixture(StoreFixture.SmallBlocks(root));
        await store.PutAsync(1, Bytes.Random(2500, 1));
        await store.PutAsync(2, Bytes.Random(2500, 2));
        await store.DeleteAsync(2);
        await using var uploads = new PendingUploads(store.Store, 10, TimeSpan.FromHours(1), null, NullLogger.Instance);
        uploads.TryCreate(new UploadOptions(), "");
        const UnixFileMode others = (UnixFileMode)63;
        foreach (var path in Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Append(root))
        {
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal((path, UnixFileMode.None), (path, File.GetUnixFileMode(path) & others));
            }
        }
    }

    private static bool Same(byte[]? left, byte[]? right) =>
        left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);

    private static async Task<Exception?> TryAsync(StoreFixture store, byte[]? bytes, string operation)
    {
        try
        {
            if (bytes is null)
            {
                await store.DeleteAsync(1);
            }
            else
            {
                await store.PutAsync(1, bytes, operation == "describe anew" ? new UploadOptions { ContentType = "text/plain" } : null);
            }

            return null;
        }
        catch (IOException error)
        {
            return error;
        }
    }

    /// <summary>What another process would find, had this one been killed now.</summary>
    private static async Task<StoreFixture> KilledAsync(string path)
    {
        var copy = Path.Combine(path, "copy");
        foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(copy, StringComparison.Ordinal)))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(path, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(file) != "store.lock")
            {
                await using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                await using var to = File.Create(target);
                await from.CopyToAsync(to);
            }
        }

        return new StoreFixture(StoreFixture.SmallBlocks(copy));
    }
}
