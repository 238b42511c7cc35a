using System.Globalization;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Gateway.Operations.Document;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.HttpResults;
using MurkyWaters;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>What can be done with resources apart from their bytes: listing, the manifest, deletion, propagation, prefetching.</summary>
internal static class ResourceManagement
{
    /// <summary>Lists what is kept here</summary>
    /// <remarks>In order of ids, or as ?sort= and ?order= say; all of it, or what ?search=
    /// finds. ?after= takes the last page's next.</remarks>
    /// <response code="200">A page of them.</response>
    public static Results<Ok<ResourceList>, Problem> List(HttpRequest request, NodeHost host)
    {
        if (!ListRequest.TryRead(request.Query, out var query, out var problem))
        {
            return problem;
        }

        try
        {
            var page = host.Node.List(query);
            return TypedResults.Ok(new ResourceList(
                [.. page.Items.Select(item => ResourceSummary.Of(item, host.Node))], ListRequest.Write(page.Next)));
        }
        catch (StoreException e)
        {
            return Problem.OfStore(e);
        }
    }

    /// <summary>Shows the whole manifest</summary>
    /// <remarks>With the SHA-256 of every source block.</remarks>
    /// <response code="200">The whole manifest.</response>
    public static async Task<Results<Ok<ManifestView>, Problem>> GetManifestAsync(HttpContext http, NodeHost host, [ResourceId] string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var opened = await host.Node.OpenAsync(
            resource, new OpenOptions { DemandLength = 0, Network = Access.Clients.NetworkOf(http) }, http.RequestAborted);
        if (opened.Reader is not { } reader)
        {
            return Problem.OfOpening(resource, opened);
        }

        await using (reader)
        {
            http.Response.Headers.ETag = Preconditions.EntityTagOf(reader.Manifest);
            return TypedResults.Ok(new ManifestView(resource, reader.Manifest, host.Node));
        }
    }

    /// <summary>Deletes a resource</summary>
    /// <remarks>Here and on the other nodes. What is not here is looked for there, as GET does; 404 when all said no.</remarks>
    /// <response code="204">It is deleted here, and the other nodes are told.</response>
    public static async Task<Results<NoContent, Problem>> DeleteAsync(
        HttpContext http, NodeHost host, TimeProvider time, [ResourceId] string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        if (await RemoveAsync(http, host.Node, time, resource, name: null) is { } problem)
        {
            return problem;
        }

        return TypedResults.NoContent();
    }

    /// <summary>Deletes a resource; the problem when it is not deleted.</summary>
    /// <param name="http">The request.</param>
    /// <param name="node">The node.</param>
    /// <param name="time">The clock.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="name">What it was asked for by, where that is not the id.</param>
    public static async Task<Problem?> RemoveAsync(
        HttpContext http, MurkyNode node, TimeProvider time, ResourceId resource, string? name)
    {
        var headers = http.Request.Headers;
        var what = name ?? $"Resource {resource}";
        DeleteResult result;
        try
        {
            result = await node.DeleteAsync(
                resource,
                Preconditions.AreAnyIn(headers)
                    ? current => Preconditions.Evaluate(headers, isRead: false, current, time.GetUtcNow()) != Preconditions.Outcome.Failed
                    : null,
                CancellationToken.None);
        }
        catch (StoreException e)
        {
            return Problem.OfStore(e);
        }
        catch (ClusterUnavailableException e)
        {
            return Problem.OfCluster(e);
        }

        return result switch
        {
            { Outcome: DeleteOutcome.Deleted } => null,
            { Outcome: DeleteOutcome.PreconditionFailed } =>
                new Problem(ProblemType.PreconditionFailed, $"{what} is not at the version that the request wants to delete."),
            { Outcome: DeleteOutcome.NoLaterVersion } => new Problem(
                ProblemType.Conflict, "The version there is was stamped by a clock that is too far ahead: nothing can follow it yet. "
                    + "Nothing was deleted."),
            { Search: { Status: not (OpenStatus.Found or OpenStatus.Deleted) } search } =>
                Problem.OfOpening(resource, search, name),
            _ => new Problem(
                ProblemType.NotFound, $"{what} is not here or elsewhere: it was deleted before.", result.Search?.Sources),
        };
    }

    /// <summary>Has the other nodes fetch and keep a resource</summary>
    /// <remarks>Answers once ?replicas= nodes hold it or the time is up, with the count.</remarks>
    /// <response code="202">The others were asked; replicas says how many nodes hold it by now.</response>
    public static async Task<Results<Accepted<ResourceSummary>, Problem>> PropagateAsync(
        HttpContext http, NodeHost host, GatewaySettings settings, [ResourceId] string id)
    {
        var replicas = (string?)http.Request.Query["replicas"];
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var count = 1;
        if (replicas is not null && (!int.TryParse(replicas, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1))
        {
            return new Problem(ProblemType.InvalidParameter, $"replicas={replicas} is wrong: a whole number from 1 is wanted.");
        }

        if (host.Node.Find(resource) is not { Manifest.IsDeleted: false } stored)
        {
            return new Problem(ProblemType.NotFound, $"Resource {resource} is not here.");
        }

        host.Node.TellClassicNodes(resource);
        try
        {
            var held = await host.Node.PropagateAsync(resource, count, settings.Gateway.ReplicaTimeout, http.RequestAborted);
            return TypedResults.Accepted($"/resources/{resource}", ResourceSummary.Of(stored, host.Node, held));
        }
        catch (StoreException e)
        {
            return Problem.OfStore(e);
        }
    }

    /// <summary>Fetches a resource into the store</summary>
    /// <remarks>Without sending it anywhere; the transfer tells how it goes.</remarks>
    /// <response code="202">The transfer, which goes on by itself.</response>
    public static Results<Accepted<TransferView>, Problem> Prefetch(NodeHost host, [ResourceId] string id)
    {
        if (!ResourceId.TryParse(id, out var resource))
        {
            return Problem.InvalidResourceId(id);
        }

        var transfer = TransferView.Of(host.Node.Prefetch(resource));
        return TypedResults.Accepted($"/transfers/{transfer.Id}", transfer);
    }
}
