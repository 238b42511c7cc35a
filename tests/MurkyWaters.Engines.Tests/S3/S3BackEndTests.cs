using Ceph;
using MurkyWaters.Backing;
using MurkyWaters.Engines.S3;

namespace MurkyWaters.Engines.Tests.S3;

/// <summary>What the node asks of an object store, asked of a real one.</summary>
[Collection(nameof(CephCollection))]
public sealed class S3BackEndTests(CephStore ceph)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("objects/")]
    [InlineData("some/where/")]
    public async Task Objects_are_put_looked_at_read_listed_and_removed(string prefix)
    {
        ceph.SkipUnlessUp();
        await using var backEnd = new S3BackEnd(Nodes.Settings(ceph, ceph.Endpoint) with { Prefix = prefix }, TimeProvider.System);
        var content = new Content(100_000, 1);
        Assert.Null(await backEnd.HeadAsync("a/b", Token));
        Assert.Null(await backEnd.GetAsync("a/b", 0, 10, Token));
        Assert.True(await backEnd.PutAsync("a/b", content, onlyIfAbsent: true, Token));
        Assert.Equal(new BackEndObject(100_000, content.Digest), await backEnd.HeadAsync("a/b", Token));
        Assert.False(await backEnd.PutAsync("a/b", new Content(100_000, 2), onlyIfAbsent: true, Token));
        Assert.Equal(content.Bytes[5_000..6_000], await ReadAsync(backEnd, "a/b", 5_000, 1_000));
        Assert.Equal(content.Bytes[99_990..], await ReadAsync(backEnd, "a/b", 99_990, 1_000));
        Assert.Null(await backEnd.GetAsync("a/b", 100_000, 1, Token));
        Assert.True(await backEnd.PutAsync("a/b", new Content(7, 3), onlyIfAbsent: false, Token));
        Assert.Equal(7, (await backEnd.HeadAsync("a/b", Token))!.Length);
        Assert.True(await backEnd.PutAsync("a/a", new Content(0, 4), onlyIfAbsent: true, Token));
        Assert.True(await backEnd.PutAsync("b", new Content(1, 5), onlyIfAbsent: true, Token));
        Assert.Equal(["a/a", "a/b"], await backEnd.ListAsync("a/", 10, Token));
        Assert.Equal(["a/a"], await backEnd.ListAsync("a/", 1, Token));
        foreach (var name in (string[])["a/a", "a/b", "b", "b"])
        {
            await backEnd.DeleteAsync(name, Token);
        }

        Assert.Empty(await backEnd.ListAsync("", 10, Token));
    }

    [Fact]
    public async Task Large_objects_go_in_parts_and_what_has_come_is_not_sent_again_after_the_server_was_killed()
    {
        ceph.SkipUnlessUp();
        const int part = 5 * 1024 * 1024;
        var content = new Content((6 * part) + 12_345, 1);
        await using var relay = new Relay(ceph.Port);
        var settings = Nodes.Settings(ceph, relay.Address.OriginalString) with { Prefix = "parts/", PartBytes = part };
        await using var backEnd = new S3BackEnd(settings, TimeProvider.System);
        relay.At = ((4 * part) + (part / 2), long.MaxValue, ceph.KillGatewayAsync);
        var error = await Assert.ThrowsAsync<BackEndException>(() => backEnd.PutAsync("large", content, onlyIfAbsent: true, Token));
        Assert.Equal(BackEndError.Unreachable, error.Error);
        await ceph.StartGatewayAsync();

        // By another process, which knows nothing of the first.
        await using var next = new S3BackEnd(settings, TimeProvider.System);
        Assert.Null(await next.HeadAsync("large", Token));
        Assert.True(await next.PutAsync("large", content, onlyIfAbsent: true, Token));
        Assert.InRange(next.Traffic.BytesPut, (2 * part) + 12_345, (3 * part) + 12_345);
        Assert.Equal(new BackEndObject(content.Length, content.Digest), await next.HeadAsync("large", Token));
        Assert.Equal(content.Bytes[(part - 100)..(part + 100)], await ReadAsync(next, "large", part - 100, 200));
        Assert.Equal(content.Bytes, await ReadAsync(next, "large", 0, content.Length));
    }

    [Theory]
    [InlineData("AKIATEST", "wrong-secret", "rain", "Store:S3:SecretKey")]
    [InlineData("AKIAOTHER", "secretsecret", "rain", "Store:S3:AccessKey")]
    [InlineData("AKIATEST", "secretsecret", "no-such-bucket", "Store:S3:Bucket")]
    public async Task What_is_set_up_wrong_is_named_and_the_secret_is_not(string key, string secret, string bucket, string setting)
    {
        ceph.SkipUnlessUp();
        await using var backEnd = new S3BackEnd(
            Nodes.Settings(ceph, ceph.Endpoint) with { AccessKey = key, SecretKey = secret, Bucket = bucket }, TimeProvider.System);
        foreach (var ask in (Func<Task>[])
        [
            () => backEnd.ListAsync("", 1, Token), () => backEnd.GetAsync("a", 0, 1, Token),
        ])
        {
            // Of an answer that refuses, Ceph now and then sends the end late, into the next answer on the connection: that is no answer
            // then, and whoever asks again has one.
            var error = await Assert.ThrowsAsync<BackEndException>(ask);
            for (var again = 0; again < 5 && error.Error == BackEndError.Unreachable; again++)
            {
                error = await Assert.ThrowsAsync<BackEndException>(ask);
            }

            Assert.True(error.Error == BackEndError.Denied, error.Message);
            Assert.Contains(setting, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
        }
    }

    private static async Task<byte[]> ReadAsync(S3BackEnd backEnd, string name, long offset, long length)
    {
        await using var download = (await backEnd.GetAsync(name, offset, length, Token))!;
        var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await download.ReadAsync(buffer, Token) is > 0 and var count)
        {
            bytes.Write(buffer, 0, count);
        }

        return bytes.ToArray();
    }

    private sealed class Content : IBackEndContent
    {
        public Content(int count, int seed)
        {
            Bytes = new byte[count];
            new Random(seed).NextBytes(Bytes);
            Digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Bytes));
        }

        public byte[] Bytes { get; }

        public long Length => Bytes.Length;

        public string Digest { get; }

        public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
            return ValueTask.CompletedTask;
        }
    }
}
