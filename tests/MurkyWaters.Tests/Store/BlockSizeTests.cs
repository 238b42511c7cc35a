using System.Security.Cryptography;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Blocks whose size follows the length, known or not, and hashes that are made on the way.</summary>
public sealed class BlockSizeTests : IDisposable
{
    private const int KiB = 1024, MiB = 1024 * KiB;
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 64 * KiB)]
    [InlineData(1, 64 * KiB)]
    [InlineData(128L * MiB - 1, 64 * KiB)]
    [InlineData(128L * MiB, 128 * KiB)]
    [InlineData(300L * MiB, 256 * KiB)]
    [InlineData(1024L * MiB - 1, 512 * KiB)]
    [InlineData(1024L * MiB, MiB)]
    [InlineData(1L << 40, MiB)]
    [InlineData(long.MaxValue, MiB)]
    public void ThereAreAboutAThousandBlocks(long length, int expected) =>
        Assert.Equal(expected, ResourceLayout.AutoBlockBytes(length, 1408));

    /// <summary>Whatever the symbols are, there is a layout.</summary>
    [Theory]
    [InlineData(ResourceLayout.SymbolSizeMin)]
    [InlineData(17)]
    [InlineData(1408)]
    [InlineData(ResourceLayout.SymbolSizeMax)]
    public void BlocksHaveNoMoreSymbolsThanTheyMay(int symbolSize)
    {
        foreach (var length in (long[])[0, 1, 100 * MiB, 1L << 33])
        {
            Assert.True(ResourceLayout.TryCreate(length, ResourceLayout.AutoBlockBytes(length, symbolSize), symbolSize, out _));
        }
    }

    /// <summary>The same bytes with and without their length said: from memory, from the file, over the edge of a size.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(256 * KiB - 1, false)]
    [InlineData(256 * KiB, false)]
    [InlineData(256 * KiB + 1, false)]
    [InlineData(1_000_000, true)]
    [InlineData(1_000_000, false)]
    [InlineData(128 * MiB + 5, true)]
    [InlineData(128 * MiB + 5, false)]
    public async Task TheBlocksFollowTheLength(int length, bool isSaid)
    {
        using var store = new StoreFixture(new StoreOptions { Path = _folder.FullPath });
        var bytes = Bytes.Random(length, 1);
        var manifest =
            (await store.PutAsync(1, bytes, new UploadOptions { Length = isSaid ? length : null }, chunk: 99_999)).Resource!.Manifest;

        Assert.Equal(length > 128 * MiB ? 128 * KiB : 64 * KiB, manifest.Layout.BlockBytes);
        Assert.Equal(length > 16 * KiB, manifest.Layout.IsGrowing);
        Assert.Equal(SHA256.HashData(bytes), manifest.Sha256.ToArray());
        Assert.Equal(BlockDigest.OfBlocks(manifest.Layout, bytes), manifest.BlockDigests.ToArray());
    }

    /// <summary>A resource of one block has two digests, of two algorithms.</summary>
    [Fact]
    public async Task TheOneBlockIsNotTheWhole()
    {
        using var store = new StoreFixture(new StoreOptions { Path = _folder.FullPath });
        var bytes = Bytes.Random(1000, 1);
        var manifest = (await store.PutAsync(1, bytes)).Resource!.Manifest;

        Assert.Equal(BlockDigestAlgorithm.Blake3, manifest.BlockDigestAlgorithm);
        Assert.Equal([BlockDigest.Of(BlockDigestAlgorithm.Blake3, bytes)], manifest.BlockDigests.ToArray());
        Assert.NotEqual(manifest.Sha256.ToString(), manifest.BlockDigests[0].ToString());
    }

    /// <summary>On one core and on several, in buffers that end where they like, with pauses.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BuffersBecomeBlocksAndAWhole(bool isParallel)
    {
        var random = new Random(7);
        for (var n = 0; n < 50; n++)
        {
            var bytes = Bytes.Random(random.Next(1, 100_000), n);
            var file = new byte[bytes.Length];
            using var pipeline = new UploadPipeline(
                random.Next(1, 9000), (piece, offset) => piece.CopyTo(file.AsSpan((int)offset)), isParallel);
            for (var offset = 0; offset < bytes.Length;)
            {
                var count = Math.Min(random.Next(1, 5000), bytes.Length - offset);
                await AddAsync(pipeline, bytes, offset, count);
                offset += count;
                if (random.Next(5) == 0)
                {
                    await pipeline.DrainAsync();
                    Assert.Equal(0, pipeline.BufferBytes);
                    Assert.Equal(bytes[..offset], file[..offset]);
                }
            }

            await pipeline.DrainAsync();
            Assert.Equal(bytes, file);
            Assert.Equal(SHA256.HashData(bytes), pipeline.FinishWhole().ToArray());
            Assert.Equal(
                bytes.Chunk(pipeline.BlockBytes).Select(block => BlockDigest.Of(BlockDigestAlgorithm.Blake3, block)),
                pipeline.FinishBlocks());
        }
    }

    /// <summary>What the disk refuses is said by the next call, and to the end; no buffer is kept.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatTheDiskRefusesIsSaid(bool isParallel)
    {
        using var pipeline = new UploadPipeline(100, (_, offset) => throw new StoreFullException($"{offset}"), isParallel);
        var error = await Assert.ThrowsAsync<StoreFullException>(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await AddAsync(pipeline, new byte[50], 0, 50);
            }
        });
        Assert.Equal("0", error.Message);
        await Assert.ThrowsAsync<StoreFullException>(async () => await pipeline.DrainAsync());
        await pipeline.SettleAsync();
        Assert.Equal(0, pipeline.BufferBytes);
    }

    /// <summary>Many at once, and no thread waits for another: a pool of few threads does them all.</summary>
    [Fact]
    public async Task ManyShareTheThreads()
    {
        var bytes = Bytes.Random(300_000, 3);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 40), new ParallelOptions { MaxDegreeOfParallelism = 40, CancellationToken = Token }, async (_, _) =>
            {
                using var pipeline = new UploadPipeline(1000, (_, _) => { }, isParallel: true);
                for (var offset = 0; offset < bytes.Length; offset += 1000)
                {
                    await AddAsync(pipeline, bytes, offset, 1000);
                }

                await pipeline.DrainAsync();
                Assert.Equal(SHA256.HashData(bytes), pipeline.FinishWhole().ToArray());
                Assert.Equal(300, pipeline.FinishBlocks().Length);
            });
    }

    private static ValueTask AddAsync(UploadPipeline pipeline, byte[] bytes, int offset, int count)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(count);
        bytes.AsSpan(offset, count).CopyTo(buffer);
        return pipeline.AddAsync(buffer, count, offset, isWritten: false);
    }
}
