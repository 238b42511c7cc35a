using Gateway.Access;
using Gateway.Operations;
using Gateway.Rain;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Resources;

/// <summary>The paths of resources, and those of the 2012 front.</summary>
internal static class ResourceEndpoints
{
    /// <summary>Anything at the top but the names of the gateway's own paths, so that their methods stay theirs.</summary>
    private const string ClassicPath = "/{id:regex(^(?!(resources|uploads|servers|subscribers|transfers|metrics|swagger|openapi|health|problems)$))}";

    internal const string IsNew = "It is new, is kept, and rains.";

    internal const string Replaced = "It replaced another version, or the same bytes were here already.";

    internal const string FewerReplicas =
        "It is kept here, but fewer nodes than ?replicas= held it within Gateway:ReplicaSeconds; replicas says how many.";

    public static void MapResources(this IEndpointRouteBuilder app)
    {
        var resources = app.MapGroup("/resources").WithTags("Resources").RequireKeys();
        resources.MapRead("/", ResourceManagement.List).WithName("ListResources").Answers<ResourceList>(200, 400).Says(200, "A page of them.")
            .Describe("Lists what is kept here", "In order of ids; ?after= takes the last page's next.");
        resources.MapPost("/", ResourceWriting.PostAsync).WithName("PostResource").TakesBytes()
            .Answers<ResourceSummary>([200, 201, 202], 400, 413, 415, 503, 507)
            .Says(200, "The same bytes were here already.").Says(201, IsNew).Says(202, FewerReplicas)
            .Describe("Uploads bytes under an id taken from them", "The id is the first 64 bits of their SHA-256; 200 when they were here already.");
        resources.MapRead("/{id}", ResourceReading.HandleAsync).WithName("GetResource").SendsBytes()
            .Describe(
                "Downloads a resource",
                "From the store, or from the rain of all servers that have it. "
                + "Range, If-Range and conditional requests work; "
                + "Cache-Control: no-cache forces the rain, only-if-cached forbids it.");
        resources.MapPut("/{id}", ResourceWriting.PutAsync).WithName("PutResource").TakesBytes()
            .Answers<ResourceSummary>([200, 201, 202], 400, 409, 412, 413, 415, 503, 507)
            .Says(200, Replaced).Says(201, IsNew).Says(202, FewerReplicas)
            .Describe(
                "Uploads a resource",
                "201 when it is new, 200 when it replaced another or was the same, 202 when fewer than ?replicas= nodes held it in time. "
                + "With Upload-Complete: ?0 the answer is 201 with the Location of an upload to which PATCH adds the rest.");
        resources.MapDelete("/{id}", ResourceManagement.DeleteAsync).WithName("DeleteResource").Answers(204, 400, 404, 412)
            .Says(204, "It is deleted here, and the other nodes are told.")
            .Describe("Deletes a resource", "Here and on the other nodes.");
        resources.MapRead("/{id}/manifest", ResourceManagement.GetManifestAsync).WithName("GetManifest").Answers<ManifestView>(200, 400, 404, 410, 502, 503, 504)
            .Says(200, "The whole manifest.")
            .Describe("Shows the whole manifest", "With the SHA-256 of every source block.");
        resources.MapPost("/{id}/propagate", ResourceManagement.PropagateAsync).WithName("PropagateResource").Answers<ResourceSummary>(202, 400, 404)
            .Says(202, "The others were asked; replicas says how many nodes hold it by now.")
            .Describe("Has the other nodes fetch and keep a resource", "Answers once ?replicas= nodes hold it or the time is up, with the count.");
        resources.MapPost("/{id}/prefetch", ResourceManagement.Prefetch).WithName("PrefetchResource").Answers<TransferView>(202, 400)
            .Says(202, "The transfer, which goes on by itself.")
            .Describe("Fetches a resource into the store", "Without sending it anywhere; the transfer tells how it goes.");
    }

    /// <summary>The 2012 front took ids at the top: the same reading and writing, with its answer to an upload.</summary>
    public static void MapClassicPaths(this IEndpointRouteBuilder app)
    {
        var classic = app.MapGroup("").WithTags("2012").RequireKeys();
        classic.MapRead(ClassicPath, ResourceReading.HandleAsync).WithName("GetClassic").SendsBytes()
            .Describe("Downloads a resource", "As /resources/{id} does.");
        classic.MapPut(ClassicPath, ResourceWriting.PutClassicAsync).WithName("PutClassic").TakesBytes()
            .Answers<ClassicAnswer>([200, 201, 202], 400, 409, 412, 413, 415, 507)
            .Says(200, Replaced).Says(201, IsNew).Says(202, FewerReplicas)
            .Describe("Uploads a resource", "As /resources/{id} does; the answer is that of 2012.");
    }

    /// <summary>Bodies of uploads are bounded by the gateway's own limit, not by the server's.</summary>
    private static RouteHandlerBuilder TakesBytes(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new DisableRequestSizeLimitAttribute()).DescribesBytesTaken();
}
