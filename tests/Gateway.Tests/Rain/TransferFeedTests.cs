using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Gateway.Rain;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Rain;

public sealed class TransferFeedTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_once_goes_to_all_and_who_is_slow_gets_the_newest_of_all_at_once()
    {
        await using var gateway = await TestGateway.StartAsync();
        var (path, _) = await gateway.StoreAsync([1]);
        var feed = gateway.Services.GetRequiredService<TransferFeed>();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var slowMayGoOn = new TaskCompletionSource();
        var first = new BlockingCollection<byte[]>();
        var second = new BlockingCollection<byte[]>();
        var slow = new BlockingCollection<byte[]>();
        var watching = Task.WhenAll(
            feed.WatchAsync((bytes, _) => Take(first, bytes, Task.CompletedTask), stopping.Token),
            feed.WatchAsync((bytes, _) => Take(second, bytes, Task.CompletedTask), stopping.Token),
            feed.WatchAsync((bytes, _) => Take(slow, bytes, slowMayGoOn.Task), stopping.Token));
        Assert.Equal("event: idle\ndata: \n\n", Encoding.UTF8.GetString(first.Take(Cancellation)));
        second.Take(Cancellation);
        slow.Take(Cancellation);

        // Each is waited for, so that each is in a look of its own.
        const int count = 5;
        for (var i = 1; i <= count; i++)
        {
            Assert.Equal(202, (await gateway.SendAsync("POST", path + "/prefetch", null)).Status);
            var seen = first.Take(Cancellation);
            Assert.Contains($"\"id\":\"{i}\"", Encoding.UTF8.GetString(seen), StringComparison.Ordinal);
            Assert.Equal(1, CountEvents(seen));
            Assert.Same(seen, second.Take(Cancellation));
        }

        Assert.Empty(slow);
        slowMayGoOn.SetResult();
        Assert.Equal(count, CountEvents(slow.Take(Cancellation)));

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public async Task Servers_that_are_added_have_a_bound()
    {
        await using var gateway = await TestGateway.StartAsync();
        for (var port = 1; port <= 1000; port++)
        {
            Assert.Equal(201, (await gateway.PutAsync($"/servers/127.0.0.1:{port}", [])).Status);
        }

        var refused = await gateway.PutAsync("/servers/127.0.0.1:1001", []);
        Assert.Equal((409, "too-many-servers"), (refused.Status, refused.Problem));
        Assert.Equal(200, (await gateway.PutAsync("/servers/127.0.0.1:1", [])).Status);
        Assert.Equal(204, (await gateway.SendAsync("DELETE", "/servers/127.0.0.1:1", null)).Status);
        Assert.Equal(201, (await gateway.PutAsync("/servers/127.0.0.1:1001", [])).Status);
    }

    private static int CountEvents(byte[] events) => Encoding.UTF8.GetString(events).Split("event: transfer\n").Length - 1;

    private static async ValueTask Take(BlockingCollection<byte[]> into, ReadOnlyMemory<byte> bytes, Task mayGoOn)
    {
        Assert.True(MemoryMarshal.TryGetArray(bytes, out var array));
        into.Add(array.Array!, Cancellation);
        await mayGoOn;
    }
}
