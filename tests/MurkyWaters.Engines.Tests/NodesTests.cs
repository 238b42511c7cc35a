using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Tests;

[Collection(nameof(EtcdCollection))]
public sealed class NodesTests(EtcdServers servers) : EtcdTest(servers)
{
    [Fact]
    public async Task Nodes_see_each_other_and_what_changes()
    {
        var (first, second) = (Open(), Open());
        first.Register(Node(1));
        second.Register(Node(2));
        var view = await WaitAsync(first, view => HasThere(view, 1, 2));
        await WaitAsync(second, view => HasThere(view, 1, 2));
        Assert.Equal(Node(2), Seen(view, 2).Node);
        var since = Seen(view, 2).Since;

        second.Register(Node(2) with { IsDraining = true });
        view = await WaitAsync(first, view => Seen(view, 2).Node.IsDraining);
        Assert.Equal(since, Seen(view, 2).Since);
        Assert.Equal((2, true), (view.Nodes.Length, first.Status.IsConnected));
        await UntilAsync(() => first.Status.IsRegistered && second.Status.IsRegistered);

        await second.DisposeAsync();
        view = await WaitAsync(first, view => HasThere(view, 1));
        Assert.Equal(NodePresence.Absent, Seen(view, 2).Presence);
        Assert.True(Seen(view, 2).Since > since);
        Assert.True(Seen(view, 2).Node.IsDraining);
    }

    [Fact]
    public async Task A_cluster_that_starts_again_knows_who_there_was()
    {
        foreach (var number in new[] { 1, 2 })
        {
            await using var registry = Open();
            registry.Register(Node(number));
            await WaitAsync(registry, view => HasThere(view, number));
        }

        var view = await WaitAsync(Open(), view => view.Version > 0);
        Assert.Equal([Node(1), Node(2)], view.Nodes.Select(seen => seen.Node));
        Assert.All(view.Nodes, seen => Assert.Equal(NodePresence.Absent, seen.Presence));
    }

    [Fact]
    public async Task A_node_is_taken_off_once_its_process_has_ended_and_comes_back_when_it_registers()
    {
        var (first, second) = (Open(), Open());
        first.Register(Node(1));
        second.Register(Node(2));
        await WaitAsync(first, view => HasThere(view, 1, 2));
        Assert.Equal(NodeRemoval.Unknown, await first.RemoveAsync(Node(3).Id, Limit));
        Assert.Equal(NodeRemoval.StillThere, await first.RemoveAsync(Node(2).Id, Limit));

        await second.DisposeAsync();
        Assert.Equal(NodeRemoval.Removed, await first.RemoveAsync(Node(2).Id, Limit));
        Assert.Equal(NodeRemoval.Removed, await first.RemoveAsync(Node(2).Id, Limit));
        await WaitAsync(first, view => Seen(view, 2).Presence == NodePresence.Gone);
        var stranger = await WaitAsync(Open(), view => view.Version > 0);
        Assert.Equal(NodePresence.Gone, Seen(stranger, 2).Presence);

        Open().Register(Node(2));
        await WaitAsync(first, view => HasThere(view, 1, 2));
    }

    [Fact]
    public async Task A_node_takes_itself_off()
    {
        var (first, second) = (Open(), Open());
        first.Register(Node(1));
        second.Register(Node(2));
        await WaitAsync(second, view => HasThere(view, 1, 2));

        Assert.Equal(NodeRemoval.Removed, await first.RemoveAsync(Node(1).Id, Limit));
        await WaitAsync(second, view => Seen(view, 1).Presence == NodePresence.Gone);
        await UntilAsync(() => !first.Status.IsRegistered);
        Assert.True(first.Status.IsConnected);
    }

    [Fact]
    public async Task A_lost_lease_is_registered_again_at_once()
    {
        var (first, second) = (Open(), Open());
        first.Register(Node(1));
        second.Register(Node(2));
        await WaitAsync(first, view => HasThere(view, 1, 2));
        for (var i = 0; i < 3; i++)
        {
            await Servers.RevokeAllAsync();
            await UntilAsync(() => first.Status.LeasesLost > i && second.Status.LeasesLost > i);
            await WaitAsync(first, view => HasThere(view, 1, 2));
            await WaitAsync(second, view => HasThere(view, 1, 2));
        }
    }

    [Fact]
    public async Task Keys_that_somebody_deletes_or_overwrites_are_written_again()
    {
        var (first, second) = (Open(), Open());
        first.Register(Node(1));
        second.Register(Node(2));
        await WaitAsync(first, view => HasThere(view, 1, 2));
        foreach (var key in new[] { NodeKey(2), MemberKey(2) })
        {
            await Servers.DeleteAsync(key);
            while (!(await Servers.ListAsync(Root)).ContainsKey(key))
            {
                await Task.Delay(20, Limit);
            }

            await Servers.PutAsync(key, "{}");
            while ((await Servers.ListAsync(Root))[key] == "{}")
            {
                await Task.Delay(20, Limit);
            }
        }

        await WaitAsync(first, view => HasThere(view, 1, 2));
    }

    [Fact]
    public async Task What_strangers_write_is_passed_over()
    {
        var registry = Open();
        registry.Register(Node(1));
        await WaitAsync(registry, view => HasThere(view, 1));
        await Servers.PutAsync($"{Root}nodes/", "{}");
        await Servers.PutAsync($"{Root}nodes/{new string('f', 32)}", new string('x', 1_000_000));
        await Servers.PutAsync($"{Root}members/{new string('e', 32)}", "null");
        await Servers.PutAsync($"{Root}nodes/{2:x32}", """{"id":"00000000000000000000000000000003","weight":1}""");
        await Servers.PutAsync($"{Root}jobs/drain/a/b", "{}");
        await Servers.PutAsync($"{Root}jobs/drain/x", "{\"writer\":1}");
        await Servers.PutAsync($"{Root}elsewhere", "what is this");
        await UntilAsync(() => registry.Status.Refused >= 6);
        Open().Register(Node(5));

        var view = await WaitAsync(registry, view => HasThere(view, 1, 5));
        Assert.Equal((2, 0), (view.Nodes.Length, view.Jobs.Length));
        Assert.True(registry.Status.IsConnected);
    }

    [Fact]
    public async Task A_register_that_is_emptied_takes_nobody_off()
    {
        var (first, second) = (Open(), Open());
        first.Register(Node(1));
        second.Register(Node(2));
        await WaitAsync(first, view => HasThere(view, 1, 2));
        await second.DisposeAsync();
        await WaitAsync(first, view => HasThere(view, 1));

        var lists = first.Status.Lists;
        await Servers.DeleteAsync(MemberKey(2));
        await UntilAsync(() => first.Status.Lists > lists);
        Assert.Equal((NodePresence.Absent, Node(2)), (Seen(first.View, 2).Presence, Seen(first.View, 2).Node));
    }

    [Fact]
    public void A_node_that_is_out_of_bounds_is_refused()
    {
        var registry = Open();
        foreach (var wrong in new[]
        {
            Node(1) with { Id = default }, Node(1) with { Weight = 0 }, Node(1) with { Weight = double.NaN },
            Node(1) with { Zone = new string('z', 65) }, Node(1) with { Rain = ["nowhere"] }, Node(1) with { Url = "ftp://x" },
        })
        {
            Assert.Throws<ArgumentException>(() => registry.Register(wrong));
        }
    }
}
