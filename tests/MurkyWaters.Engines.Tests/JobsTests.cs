using System.Text;
using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Tests;

[Collection(nameof(EtcdCollection))]
public sealed class JobsTests(EtcdServers servers) : EtcdTest(servers)
{
    [Fact]
    public async Task A_job_is_written_by_who_knows_it_as_it_is()
    {
        var (first, second) = (Open(), Open());
        var job = await first.Jobs.PutAsync("drain", "n1", Json(1), 0, null, Limit);
        Assert.NotNull(job);
        Assert.Null(await second.Jobs.PutAsync("drain", "n1", Json(2), 0, null, Limit));
        var read = Assert.Single(await second.Jobs.ListAsync("drain", Limit));
        Assert.Equal(job, read);
        Assert.Equal(Json(1), read.Document.ToArray());

        var next = await second.Jobs.PutAsync("drain", "n1", Json(3), read.Revision, null, Limit);
        Assert.True(next!.Revision > job.Revision);
        Assert.Null(await first.Jobs.PutAsync("drain", "n1", Json(4), job.Revision, null, Limit));
        Assert.False(await first.Jobs.DeleteAsync("drain", "n1", job.Revision, null, Limit));
        var view = await WaitAsync(first, view => view.Jobs is [var seen] && seen.Revision == next.Revision);
        Assert.Equal(Json(3), view.Jobs[0].Document.ToArray());

        Assert.True(await first.Jobs.DeleteAsync("drain", "n1", next.Revision, null, Limit));
        Assert.True(await first.Jobs.DeleteAsync("drain", "n1", next.Revision, null, Limit));
        Assert.Empty(await second.Jobs.ListAsync("drain", Limit));

        // A mark stays for a while, in the way of a request to create it that comes late.
        Assert.Single(await Servers.ListAsync($"{Root}jobs/"));
        await WaitAsync(second, view => view.Jobs.IsEmpty);
        Assert.NotNull(await second.Jobs.PutAsync("drain", "n1", Json(5), 0, null, Limit));
        Assert.Null(await second.Jobs.PutAsync("drain", "n2", Json(5), 7, null, Limit));
    }

    [Fact]
    public async Task A_job_is_taken_over_when_its_runner_is_cut_off_which_then_can_write_no_more()
    {
        var (cut, relays) = OpenRelayed();
        var other = Open();
        cut.Register(Node(1));
        other.Register(Node(2));
        var job = await cut.Jobs.PutAsync("archive", "a", Json(1), 0, null, Limit);
        var runner = await cut.Jobs.TryRunAsync("archive", "a", Limit);
        Assert.NotNull(runner);
        job = await cut.Jobs.PutAsync("archive", "a", Json(2), job!.Revision, runner, Limit);
        await WaitAsync(other, view => view.Jobs is [{ Runner: { } id }] && id == Node(1).Id);
        Assert.Null(await other.Jobs.TryRunAsync("archive", "a", Limit));

        foreach (var relay in relays)
        {
            relay.Cut();
        }

        await WaitAsync(other, view => view.Jobs is [{ Runner: null }]);
        await using var next = await other.Jobs.TryRunAsync("archive", "a", Limit);
        Assert.NotNull(next);
        Assert.False(runner.IsHeld);
        foreach (var relay in relays)
        {
            relay.Heal();
        }

        await UntilAsync(() => cut.Status.IsConnected);
        Assert.Null(await cut.Jobs.PutAsync("archive", "a", Json(3), job!.Revision, runner, Limit));
        Assert.False(await cut.Jobs.DeleteAsync("archive", "a", job.Revision, runner, Limit));
        Assert.NotNull(await other.Jobs.PutAsync("archive", "a", Json(4), job.Revision, next, Limit));
        await runner.DisposeAsync();
    }

    [Fact]
    public async Task What_is_no_job_is_not_written()
    {
        var registry = Open();
        await Assert.ThrowsAsync<ArgumentException>(() => registry.Jobs.PutAsync("drain", "a", "{"u8.ToArray(), 0, null, Limit));
        await Assert.ThrowsAsync<ArgumentException>(() => registry.Jobs.PutAsync("drain", "a/b", Json(1), 0, null, Limit));
        await Assert.ThrowsAsync<ArgumentException>(
            () => registry.Jobs.PutAsync("drain", "a", new byte[IClusterJobs.DocumentBytesMax + 1], 0, null, Limit));
        await Assert.ThrowsAsync<InvalidOperationException>(() => registry.Jobs.TryRunAsync("drain", "a", Limit));
    }

    private static byte[] Json(int step) => Encoding.UTF8.GetBytes($$"""{"step": {{step}}}""");
}
